-- Keys are VARCHAR everywhere: CHAR pads, and comparisons then depend on the server's mode.
ALTER TABLE lightning_invoices MODIFY COLUMN payee_pubkey VARCHAR(66) CHARACTER SET ascii COLLATE ascii_bin NULL
