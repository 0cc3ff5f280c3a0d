-- What is held for a renewal from its challenge 1 on: stock for the payout, and its share of the key's daily limit.
ALTER TABLE signing_sessions
  ADD COLUMN IF NOT EXISTS renewal_reserve JSON NULL AFTER submit_state
