-- arkd counts in 64 bits without a sign; a counterfeit of more than half of them must still be written down.
ALTER TABLE asset_supplies MODIFY arkd_units BIGINT UNSIGNED NULL
