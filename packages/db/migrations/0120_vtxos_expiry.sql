-- When the owner was told that a VTXO expires soon; and the way to those that do.
ALTER TABLE vtxos
  ADD COLUMN IF NOT EXISTS expiry_told_at DATETIME(3) NULL,
  ADD KEY IF NOT EXISTS ix_vtxos_expiry (status, expires_at)
