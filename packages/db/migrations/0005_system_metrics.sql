CREATE TABLE IF NOT EXISTS system_metrics (
  id BIGINT NOT NULL AUTO_INCREMENT,
  cpu_percent DOUBLE NOT NULL,
  memory_percent DOUBLE NOT NULL,
  memory_available_mb DOUBLE NOT NULL,
  disk_percent DOUBLE NOT NULL,
  disk_free_gb DOUBLE NOT NULL,
  timestamp DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY ix_system_metrics_timestamp (timestamp)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
