-- Balance of an account over its postings up to and including up_to_posting_id, so that no reader sums from the beginning.
CREATE TABLE IF NOT EXISTS ledger_checkpoints (
  id BIGINT NOT NULL AUTO_INCREMENT,
  account_id BIGINT NOT NULL,
  up_to_posting_id BIGINT NOT NULL,
  balance BIGINT NOT NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_ledger_checkpoints_account (account_id, up_to_posting_id),
  CONSTRAINT fk_ledger_checkpoints_account FOREIGN KEY (account_id) REFERENCES ledger_accounts (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
