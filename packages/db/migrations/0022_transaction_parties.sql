CREATE TABLE IF NOT EXISTS transaction_parties (
  id BIGINT NOT NULL AUTO_INCREMENT,
  transaction_id BIGINT NOT NULL,
  pubkey VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  direction VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  asset_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_transaction_parties_party (transaction_id, pubkey, direction, asset_id),
  KEY ix_transaction_parties_pubkey (pubkey),
  CONSTRAINT fk_transaction_parties_transaction FOREIGN KEY (transaction_id) REFERENCES transactions (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
