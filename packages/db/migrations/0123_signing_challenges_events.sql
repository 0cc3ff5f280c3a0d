-- From an event of a relay to the challenge that it carries or answers.
ALTER TABLE signing_challenges
  ADD KEY IF NOT EXISTS ix_signing_challenges_event (challenge_event_id),
  ADD KEY IF NOT EXISTS ix_signing_challenges_response (response_event_id)
