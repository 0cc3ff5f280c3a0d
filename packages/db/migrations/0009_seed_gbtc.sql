-- gBTC is the sats a VTXO carries: it exists from the start, is never minted and needs no issuance.
INSERT IGNORE INTO assets (asset_id, name, ticker, asset_type, decimal_places, total_supply, issued, backing, status, metadata, created_at)
VALUES ('gBTC', 'Gateway Bitcoin', 'gBTC', 'normal', 8, 0, 0, 'ark', 'active', '{}', UTC_TIMESTAMP(3))
