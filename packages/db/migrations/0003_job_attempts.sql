CREATE TABLE IF NOT EXISTS job_attempts (
  id BIGINT NOT NULL AUTO_INCREMENT,
  job_id BIGINT NOT NULL,
  attempt INT NOT NULL,
  token VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  started_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3) NOT NULL,
  outcome VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  error_code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  error VARCHAR(1000) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_job_attempts_attempt (job_id, attempt),
  CONSTRAINT fk_job_attempts_job FOREIGN KEY (job_id) REFERENCES job_logs (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
