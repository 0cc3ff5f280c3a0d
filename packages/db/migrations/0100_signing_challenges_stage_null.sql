-- A challenge over a payload belongs to no transaction, so it has no stage.
ALTER TABLE signing_challenges MODIFY COLUMN stage VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NULL
