-- A fan-out pays several outputs of the same script, sats and units in one transaction; amount and amount_sats are those of each.
ALTER TABLE payouts
  ADD COLUMN IF NOT EXISTS output_count INT NOT NULL DEFAULT 1 AFTER amount_sats
