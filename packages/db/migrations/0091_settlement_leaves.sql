-- Outputs that a 31340 has confirmed. Without a settlement they wait for the next one. Assets by arkd's id, as
-- [{"asset_id","amount"}] with decimal amounts, in order of the id: that is what the leaf hash is made of.
CREATE TABLE IF NOT EXISTS settlement_leaves (
  id BIGINT NOT NULL AUTO_INCREMENT,
  vtxo_id VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  settlement_id BIGINT NULL,
  leaf_index INT NULL,
  amount_sats BIGINT NOT NULL,
  assets JSON NOT NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_settlement_leaves_vtxo (vtxo_id),
  KEY ix_settlement_leaves_settlement (settlement_id, leaf_index, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
