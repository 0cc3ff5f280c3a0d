-- The assets of arkd's that ride on a VTXO's sats; a VTXO without rows carries sats only. Amounts are uint64 at arkd.
CREATE TABLE IF NOT EXISTS vtxo_assets (
  id BIGINT NOT NULL AUTO_INCREMENT,
  vtxo_id VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  asset_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_vtxo_assets_vtxo (vtxo_id, asset_id),
  KEY ix_vtxo_assets_asset (asset_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
