-- Node key of a land's payee: no payee may have more than half of the channels. Null: a lift, or a land from before this column.
ALTER TABLE lightning_invoices ADD COLUMN IF NOT EXISTS payee_pubkey CHAR(66) CHARACTER SET ascii COLLATE ascii_bin NULL AFTER counted_as
