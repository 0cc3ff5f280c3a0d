-- The one outcome of an action: a 31340 excludes a 31341 and the other way round.
CREATE TABLE IF NOT EXISTS results (
  id BIGINT NOT NULL AUTO_INCREMENT,
  author_pubkey VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ref_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind INT NOT NULL,
  event_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_results_ref (author_pubkey, ref_id),
  KEY ix_results_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
