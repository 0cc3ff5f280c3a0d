-- A payout is work of its own (payout_drive) when next_at says so; lifts and lands drive theirs. payout_key is its row key.
ALTER TABLE payouts
  ADD COLUMN IF NOT EXISTS payout_key VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin
    AS (CONCAT(kind, '.', business_id)) PERSISTENT AFTER business_id,
  ADD COLUMN IF NOT EXISTS wake_seq BIGINT NOT NULL DEFAULT 1,
  ADD COLUMN IF NOT EXISTS woken_at DATETIME(3) NULL,
  ADD COLUMN IF NOT EXISTS next_at DATETIME(3) NULL,
  ADD COLUMN IF NOT EXISTS attempts INT NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS attempt_token VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  ADD COLUMN IF NOT EXISTS attempt_lease_until DATETIME(3) NULL,
  ADD COLUMN IF NOT EXISTS lost_attempts INT NOT NULL DEFAULT 0,
  ADD UNIQUE KEY IF NOT EXISTS uq_payouts_key (payout_key),
  ADD KEY IF NOT EXISTS ix_payouts_next (status, next_at),
  ADD KEY IF NOT EXISTS ix_payouts_next_at (next_at),
  ADD KEY IF NOT EXISTS ix_payouts_lease (attempt_lease_until)
