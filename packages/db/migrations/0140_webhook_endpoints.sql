-- Where solvers want their events. calls = the calls that workers have on there this moment, at most two.
CREATE TABLE IF NOT EXISTS webhook_endpoints (
  id BIGINT NOT NULL AUTO_INCREMENT,
  endpoint_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  owner VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  url VARCHAR(2048) NOT NULL,
  events JSON NOT NULL,
  description VARCHAR(200) NULL,
  ordered BOOLEAN NOT NULL DEFAULT FALSE,
  secret VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  previous_secret VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NULL,
  previous_valid_until DATETIME(3) NULL,
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  disabled_reason VARCHAR(200) NULL,
  failure_count INT NOT NULL DEFAULT 0,
  failing_since DATETIME(3) NULL,
  calls JSON NOT NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_webhook_endpoints_endpoint_id (endpoint_id),
  KEY ix_webhook_endpoints_owner (owner),
  KEY ix_webhook_endpoints_status (status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
