-- A request is looked up by its id when somebody asks what became of it.
ALTER TABLE job_logs
  ADD KEY IF NOT EXISTS ix_job_logs_request (request_id)
