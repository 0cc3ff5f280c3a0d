-- Since when arkd refuses for good to finalise a payout, whatever it is for; only lifts and refunds had a row that said so.
ALTER TABLE payouts ADD COLUMN IF NOT EXISTS poisoned_at DATETIME(3) NULL AFTER txid
