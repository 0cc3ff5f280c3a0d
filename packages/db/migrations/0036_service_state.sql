CREATE TABLE IF NOT EXISTS service_state (
  id BIGINT NOT NULL AUTO_INCREMENT,
  service VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  desired_state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  restart_id BIGINT NOT NULL DEFAULT 0,
  actual JSON NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_service_state_service (service)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
