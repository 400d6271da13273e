-- +goose Up

-- When the console itself switched the integration off, because too much failed; 0 once somebody has switched it on.
ALTER TABLE integrations ADD COLUMN switched_off_at INTEGER NOT NULL DEFAULT 0;

-- What the step was to triggers (a condition), so that the end of the job can tell them; '' where nothing happened.
ALTER TABLE job_outcomes ADD COLUMN condition TEXT NOT NULL DEFAULT '';

-- The list of what triggers have sent, newest first, as a whole and by state. Mails to people have no event.
CREATE INDEX deliveries_sent ON deliveries (id) WHERE event_id IS NOT NULL;
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at > 0;
CREATE INDEX events_occurred ON events (occurred_at);
CREATE INDEX deliveries_sent_state ON deliveries (state, id) WHERE event_id IS NOT NULL;
