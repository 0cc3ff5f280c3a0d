-- Row id of the session that drives the ceremony this one takes part in; NULL = it drives its own.
ALTER TABLE signing_sessions
  ADD COLUMN IF NOT EXISTS head_id BIGINT NULL AFTER batch_id,
  ADD KEY IF NOT EXISTS ix_signing_sessions_head (head_id)
