-- The last known parameters of each daemon, and the keys pinned for it.
CREATE TABLE IF NOT EXISTS server_info (
  id BIGINT NOT NULL AUTO_INCREMENT,
  service VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  digest VARCHAR(191) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  info JSON NOT NULL,
  pinned_keys JSON NOT NULL,
  seen_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_server_info_service (service)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
