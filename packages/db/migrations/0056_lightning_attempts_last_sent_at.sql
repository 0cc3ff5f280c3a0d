-- The newest send of an attempt, before twice the payment's timeout after which nothing is given back, and how many there were.
ALTER TABLE lightning_attempts ADD COLUMN IF NOT EXISTS last_sent_at DATETIME(3) NULL AFTER sent_at,
  ADD COLUMN IF NOT EXISTS sends INT NOT NULL DEFAULT 0 AFTER last_sent_at
