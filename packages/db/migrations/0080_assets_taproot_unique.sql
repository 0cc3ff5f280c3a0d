-- A Taproot Asset backs one asset: its units cannot be the reserve of two.
ALTER TABLE assets
  ADD UNIQUE KEY IF NOT EXISTS uq_assets_taproot_asset_id (taproot_asset_id),
  ADD UNIQUE KEY IF NOT EXISTS uq_assets_taproot_group_key (taproot_group_key)
