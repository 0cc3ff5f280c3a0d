-- What was announced of one object, whoever listens.
ALTER TABLE webhook_deliveries
  ADD KEY IF NOT EXISTS ix_webhook_deliveries_subject (object_key)
