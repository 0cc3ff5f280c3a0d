-- When the node that was asked to pay was first seen without its newer payments (restored from an older state); null = never.
ALTER TABLE lightning_attempts ADD COLUMN IF NOT EXISTS forgotten_at DATETIME(3) NULL AFTER sent_at
