-- Lifts and refunds that stand poisoned already.
UPDATE payouts p JOIN lightning_invoices i ON i.operation_id = p.business_id AND p.kind IN ('lift', 'refund')
  SET p.poisoned_at = i.unknown_since
  WHERE p.status = 'accepted' AND i.unknown_since IS NOT NULL AND p.poisoned_at IS NULL
