-- Attempts from before the columns: only their first send is known.
UPDATE lightning_attempts SET last_sent_at = sent_at, sends = 1 WHERE last_sent_at IS NULL AND sent_at IS NOT NULL
