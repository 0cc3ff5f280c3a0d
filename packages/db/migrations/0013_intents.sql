-- namespace is empty for intents proven by their owner, else the creator, so that nobody takes an owner's action_id.
CREATE TABLE IF NOT EXISTS intents (
  id BIGINT NOT NULL AUTO_INCREMENT,
  pubkey VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  namespace VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  action_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  type VARCHAR(65) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  params JSON NOT NULL,
  content_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  network VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  fee_asset_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  fee_amount BIGINT NULL,
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  raw_event MEDIUMTEXT NULL,
  legacy BOOLEAN NOT NULL DEFAULT FALSE,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_intents_action (pubkey, namespace, action_id),
  UNIQUE KEY uq_intents_event_id (event_id),
  KEY ix_intents_type_status (type, status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
