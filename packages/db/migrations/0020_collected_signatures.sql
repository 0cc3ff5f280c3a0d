CREATE TABLE IF NOT EXISTS collected_signatures (
  id BIGINT NOT NULL AUTO_INCREMENT,
  challenge_id BIGINT NOT NULL,
  txid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  input INT NOT NULL,
  pubkey VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  signature VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  verified_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_collected_signatures_item (challenge_id, txid, input, pubkey),
  CONSTRAINT fk_collected_signatures_challenge FOREIGN KEY (challenge_id) REFERENCES signing_challenges (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
