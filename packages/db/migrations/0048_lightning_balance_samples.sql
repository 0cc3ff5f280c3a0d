CREATE TABLE IF NOT EXISTS lightning_balance_samples (
  id BIGINT NOT NULL AUTO_INCREMENT,
  local_msat BIGINT NOT NULL,
  remote_msat BIGINT NOT NULL,
  unsettled_local_msat BIGINT NOT NULL,
  unsettled_remote_msat BIGINT NOT NULL,
  pending_open_local_msat BIGINT NOT NULL,
  pending_open_remote_msat BIGINT NOT NULL,
  onchain_confirmed_sats BIGINT NOT NULL,
  onchain_unconfirmed_sats BIGINT NOT NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY ix_lightning_balance_samples_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
