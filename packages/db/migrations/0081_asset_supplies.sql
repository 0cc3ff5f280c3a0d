-- What the daemons had of each asset when they were last asked: units at arkd's indexer, and units of tapd behind a twin.
CREATE TABLE IF NOT EXISTS asset_supplies (
  asset_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  arkd_units BIGINT NULL,
  arkd_read_at DATETIME(3) NULL,
  tapd_units BIGINT NULL,
  tapd_read_at DATETIME(3) NULL,
  PRIMARY KEY (asset_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
