CREATE TABLE IF NOT EXISTS session_events (
  id BIGINT NOT NULL AUTO_INCREMENT,
  session_id BIGINT NOT NULL,
  seq INT NOT NULL,
  event VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  data JSON NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_session_events_seq (session_id, seq),
  KEY ix_session_events_at (at),
  CONSTRAINT fk_session_events_session FOREIGN KEY (session_id) REFERENCES signing_sessions (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
