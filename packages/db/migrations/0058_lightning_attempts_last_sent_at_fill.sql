-- Attempts from before the column: only their first send is known.
UPDATE lightning_attempts SET last_sent_at = sent_at WHERE last_sent_at IS NULL AND sent_at IS NOT NULL
