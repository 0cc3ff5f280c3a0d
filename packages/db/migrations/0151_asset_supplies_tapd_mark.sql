-- Where the books stood before tapd was asked: with something booked since, the reading tells nothing of now.
ALTER TABLE asset_supplies
  ADD COLUMN IF NOT EXISTS tapd_mark VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' AFTER tapd_units
