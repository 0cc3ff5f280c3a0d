-- Payments of a land's hash. top_index and lnd_pubkey tell whether the node that is asked later is the one that was paid with.
CREATE TABLE IF NOT EXISTS lightning_attempts (
  id BIGINT NOT NULL AUTO_INCREMENT,
  operation_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payment_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  attempt INT NOT NULL,
  payment_index BIGINT NULL,
  lnd_pubkey VARCHAR(66) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  top_index BIGINT NOT NULL,
  sent_at DATETIME(3) NULL,
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  terminal VARCHAR(255) NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_lightning_attempts_attempt (operation_id, attempt),
  KEY ix_lightning_attempts_payment (payment_hash, payment_index)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
