-- Every script ever handed out stays here and is queried, across signer rotations.
CREATE TABLE IF NOT EXISTS vtxo_scripts (
  id BIGINT NOT NULL AUTO_INCREMENT,
  owner_pubkey VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  signer_pubkey VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  exit_delay INT NOT NULL,
  script VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  tap_tree TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  first_seen DATETIME(3) NOT NULL,
  synced_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_vtxo_scripts_script (script),
  KEY ix_vtxo_scripts_owner (owner_pubkey)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
