-- A rotated key's old secret works for some hours more, under the same key_id.
ALTER TABLE api_keys
  ADD COLUMN IF NOT EXISTS previous_sha256 VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  ADD COLUMN IF NOT EXISTS previous_until DATETIME(3) NULL,
  ADD UNIQUE KEY IF NOT EXISTS uq_api_keys_previous_sha256 (previous_sha256)
