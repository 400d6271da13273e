-- +goose Up
-- What a delivery waits behind: 0 mails to somebody about their own sign-in, 1 mails to many people, 2 messages of triggers.
ALTER TABLE deliveries ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET priority = 2 WHERE event_id IS NOT NULL;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (target, priority, next_at, id) WHERE state = 'waiting';

-- When an answer about its server, and not about the message, was first given to it; 0: never.
ALTER TABLE deliveries ADD COLUMN held_at INTEGER NOT NULL DEFAULT 0;

-- Targets whose server takes nothing at present.
CREATE TABLE delivery_holds (
    target         TEXT    NOT NULL PRIMARY KEY,
    integration_id INTEGER REFERENCES integrations (id) ON DELETE CASCADE, -- NULL for the mail server
    since          INTEGER NOT NULL,
    until          INTEGER NOT NULL, -- when the next delivery may be tried, alone
    pause          INTEGER NOT NULL, -- the latest, in milliseconds
    reason         TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_holds_integration ON delivery_holds (integration_id) WHERE integration_id IS NOT NULL;

-- Whose message somebody has sent again with this delivery, and who did; 0 and '' for any other.
ALTER TABLE deliveries ADD COLUMN again_of INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN again_by TEXT NOT NULL DEFAULT '';
