-- +goose Up
-- What a delivery waits behind: 0 mails to somebody about their own sign-in, 1 mails to many people, 2 messages of triggers.
ALTER TABLE deliveries ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET priority = 2 WHERE event_id IS NOT NULL;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (target, priority, next_at, id) WHERE state = 'waiting';
