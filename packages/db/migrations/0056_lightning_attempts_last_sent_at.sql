-- The newest send of an attempt: before twice the payment's timeout after it nothing is given back.
ALTER TABLE lightning_attempts ADD COLUMN IF NOT EXISTS last_sent_at DATETIME(3) NULL AFTER sent_at
