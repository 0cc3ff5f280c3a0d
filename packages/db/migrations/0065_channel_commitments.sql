CREATE TABLE IF NOT EXISTS channel_commitments (
  id BIGINT NOT NULL AUTO_INCREMENT,
  channel_point VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  lent_sats BIGINT NOT NULL,
  seen_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_channel_commitments_channel_point (channel_point)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
