CREATE TABLE IF NOT EXISTS nostr_peers (
  id BIGINT NOT NULL AUTO_INCREMENT,
  pubkey VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  dm_scheme VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  last_seen DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_nostr_peers_pubkey (pubkey)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
