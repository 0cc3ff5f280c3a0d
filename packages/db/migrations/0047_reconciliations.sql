-- One comparison of the ledger with a daemon. delta = external - ledger; drift = the part that counts, because it stood in two
-- runs without a posting between (same posting_id).
CREATE TABLE IF NOT EXISTS reconciliations (
  id BIGINT NOT NULL AUTO_INCREMENT,
  source VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  account VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  asset_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  external BIGINT NOT NULL,
  ledger BIGINT NOT NULL,
  delta BIGINT NOT NULL,
  drift BIGINT NOT NULL,
  explained JSON NOT NULL,
  posting_id BIGINT NOT NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY ix_reconciliations_source (source, at),
  KEY ix_reconciliations_account (account, asset_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
