CREATE TABLE IF NOT EXISTS vtxo_assets (
  id BIGINT NOT NULL AUTO_INCREMENT,
  vtxo_id BIGINT NOT NULL,
  asset_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_vtxo_assets_asset (vtxo_id, asset_id),
  KEY ix_vtxo_assets_asset (asset_id),
  CONSTRAINT fk_vtxo_assets_vtxo FOREIGN KEY (vtxo_id) REFERENCES vtxos (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
