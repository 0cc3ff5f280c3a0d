-- What was or will be registered for a batch: the treasury's own intent (session_id null), later users' recovered VTXOs too.
CREATE TABLE IF NOT EXISTS settlement_intents (
  id BIGINT NOT NULL AUTO_INCREMENT,
  settlement_id BIGINT NULL,
  session_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  proof MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  message TEXT NOT NULL,
  arkd_intent_id VARCHAR(191) NULL,
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  valid_until DATETIME(3) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY ix_settlement_intents_settlement (settlement_id),
  KEY ix_settlement_intents_status (status, id),
  KEY ix_settlement_intents_session (session_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
