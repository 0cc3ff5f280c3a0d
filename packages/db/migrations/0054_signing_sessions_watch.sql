-- Who asked to be told of every change, and until when; null = nobody ever asked.
ALTER TABLE signing_sessions ADD COLUMN IF NOT EXISTS watch JSON NULL AFTER event_seq
