-- A gateway VTXO that the ledger has: made by a transaction of ours, part of the opening balance, or booked as unsolicited.
ALTER TABLE vtxos
  ADD COLUMN IF NOT EXISTS is_booked BOOLEAN NOT NULL DEFAULT FALSE,
  ADD KEY IF NOT EXISTS ix_vtxos_unbooked (is_booked, kind, id)
