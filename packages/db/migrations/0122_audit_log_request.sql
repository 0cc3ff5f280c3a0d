ALTER TABLE audit_log
  ADD KEY IF NOT EXISTS ix_audit_log_request (request_id)
