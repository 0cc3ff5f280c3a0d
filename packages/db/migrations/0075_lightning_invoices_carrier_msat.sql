-- Sats under the units in the HTLCs of an asset's lift, read while they are held: lnd tells them no more once they are settled.
ALTER TABLE lightning_invoices ADD COLUMN IF NOT EXISTS carrier_msat BIGINT NULL AFTER carrier_units
