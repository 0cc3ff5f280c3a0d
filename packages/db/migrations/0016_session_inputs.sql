CREATE TABLE IF NOT EXISTS session_inputs (
  id BIGINT NOT NULL AUTO_INCREMENT,
  session_id BIGINT NOT NULL,
  vtxo_id VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  role VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  input_index INT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_session_inputs_vtxo (session_id, vtxo_id),
  KEY ix_session_inputs_vtxo (vtxo_id),
  CONSTRAINT fk_session_inputs_session FOREIGN KEY (session_id) REFERENCES signing_sessions (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
