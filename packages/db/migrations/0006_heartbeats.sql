CREATE TABLE IF NOT EXISTS heartbeats (
  id BIGINT NOT NULL AUTO_INCREMENT,
  service_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  instance VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  is_alive BOOLEAN NOT NULL,
  message VARCHAR(500) NULL,
  restart_seen BIGINT NOT NULL DEFAULT 0,
  timestamp DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY ix_heartbeats_service_timestamp (service_name, timestamp),
  KEY ix_heartbeats_timestamp (timestamp)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
