-- What is live of an asset, without reading what was spent of it.
ALTER TABLE vtxos ADD KEY IF NOT EXISTS ix_vtxos_live (status, asset_id, kind)
