-- What was sent to arkd for an attempt and what came back; null = nothing was sent yet.
ALTER TABLE payout_attempts ADD COLUMN IF NOT EXISTS submit_state JSON NULL AFTER last_sent_at
