-- What each output of a renewal's payout carries: its sats and its units by arkd's ids. NULL = output_count equal ones.
ALTER TABLE payouts
  ADD COLUMN IF NOT EXISTS parts JSON NULL AFTER output_count
