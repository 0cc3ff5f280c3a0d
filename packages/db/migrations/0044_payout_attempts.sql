-- Every attempt of a payout spends its pivot. outcome 'open' = arkd may still accept it.
CREATE TABLE IF NOT EXISTS payout_attempts (
  id BIGINT NOT NULL AUTO_INCREMENT,
  payout_id BIGINT NOT NULL,
  attempt INT NOT NULL,
  pivot_vtxo_id VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  txid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  role VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  unsigned_psbt MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  signed_psbt MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NULL,
  checkpoints JSON NOT NULL,
  outputs JSON NOT NULL,
  input_vtxo_ids JSON NOT NULL,
  last_sent_at DATETIME(3) NULL,
  outcome VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_payout_attempts_attempt (payout_id, attempt),
  UNIQUE KEY uq_payout_attempts_txid (txid),
  KEY ix_payout_attempts_outcome (outcome, id),
  CONSTRAINT fk_payout_attempts_payout FOREIGN KEY (payout_id) REFERENCES payouts (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
