-- Units of a twin that tapd was short of at the last look; 0 for every other asset.
ALTER TABLE asset_supplies ADD COLUMN IF NOT EXISTS deficit_units BIGINT NOT NULL DEFAULT 0
