-- Immutable: + debit, - credit, zero per asset in every transaction. The runtime user may only SELECT and INSERT.
CREATE TABLE IF NOT EXISTS ledger_postings (
  id BIGINT NOT NULL AUTO_INCREMENT,
  transaction_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  asset_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (id),
  KEY ix_ledger_postings_account (account_id, id),
  KEY ix_ledger_postings_transaction (transaction_id),
  CONSTRAINT fk_ledger_postings_transaction FOREIGN KEY (transaction_id) REFERENCES ledger_transactions (id),
  CONSTRAINT fk_ledger_postings_account FOREIGN KEY (account_id) REFERENCES ledger_accounts (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
