-- Whom the limit of unpaid lifts per caller counts a lift for: an API key, an address or the author of an event.
ALTER TABLE lightning_invoices ADD COLUMN IF NOT EXISTS counted_as VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NULL
