CREATE TABLE IF NOT EXISTS session_txs (
  id BIGINT NOT NULL AUTO_INCREMENT,
  session_id BIGINT NULL,
  batch_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  role VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  txid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seq INT NOT NULL,
  unsigned_psbt MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  signed_psbt MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NULL,
  server_psbt MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NULL,
  final_psbt MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NULL,
  planned_outputs JSON NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_session_txs_seq (session_id, role, seq),
  KEY ix_session_txs_txid (txid),
  CONSTRAINT fk_session_txs_session FOREIGN KEY (session_id) REFERENCES signing_sessions (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
