-- The persisted intention before every external write, keyed by something replayable.
CREATE TABLE IF NOT EXISTS external_calls (
  id BIGINT NOT NULL AUTO_INCREMENT,
  service VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  business_key VARCHAR(191) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  job_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  session_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  request JSON NOT NULL,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  external_id VARCHAR(191) CHARACTER SET ascii COLLATE ascii_bin NULL,
  attempts INT NOT NULL DEFAULT 0,
  error VARCHAR(1000) NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_external_calls_business (service, kind, business_key),
  KEY ix_external_calls_state (state),
  KEY ix_external_calls_job (job_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
