CREATE TABLE IF NOT EXISTS ledger_transactions (
  id BIGINT NOT NULL AUTO_INCREMENT,
  kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  business_id VARCHAR(191) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  memo VARCHAR(500) NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_ledger_transactions_business (kind, business_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
