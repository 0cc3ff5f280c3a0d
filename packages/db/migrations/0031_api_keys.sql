CREATE TABLE IF NOT EXISTS api_keys (
  id BIGINT NOT NULL AUTO_INCREMENT,
  key_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(128) NOT NULL,
  kind VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  prefix VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  secret_sha256 VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  pubkey VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  scopes JSON NOT NULL,
  limits JSON NOT NULL,
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at DATETIME(3) NOT NULL,
  last_used_at DATETIME(3) NULL,
  expires_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_api_keys_key_id (key_id),
  UNIQUE KEY uq_api_keys_pubkey (pubkey),
  UNIQUE KEY uq_api_keys_secret_sha256 (secret_sha256)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
