-- A batch of swap intents that one ark tx settles. head_session_id: the session that drives it for all its members (row id).
-- content_hash: two copies of a request are the same one. error_*: why it failed; is_unanswered: because a signer stayed silent.
CREATE TABLE IF NOT EXISTS swap_batches (
  id BIGINT NOT NULL AUTO_INCREMENT,
  author_pubkey VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  batch_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  allocations JSON NOT NULL,
  content_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  head_session_id BIGINT NOT NULL,
  delivery VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ark_txid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  request_event_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  error_code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  is_unanswered BOOLEAN NOT NULL DEFAULT FALSE,
  expires_at DATETIME(3) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  ended_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_swap_batches_author (author_pubkey, batch_id),
  UNIQUE KEY uq_swap_batches_head (head_session_id),
  KEY ix_swap_batches_unanswered (author_pubkey, is_unanswered, ended_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
