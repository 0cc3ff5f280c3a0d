CREATE TABLE IF NOT EXISTS stream_cursors (
  id BIGINT NOT NULL AUTO_INCREMENT,
  stream VARCHAR(191) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `cursor` VARCHAR(500) NOT NULL,
  lease_token BIGINT NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_stream_cursors_stream (stream)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
