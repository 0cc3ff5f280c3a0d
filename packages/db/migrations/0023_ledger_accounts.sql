CREATE TABLE IF NOT EXISTS ledger_accounts (
  id BIGINT NOT NULL AUTO_INCREMENT,
  account VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  asset_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_ledger_accounts_account (account, asset_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
