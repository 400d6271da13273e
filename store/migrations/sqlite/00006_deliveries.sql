-- +goose Up

-- batch: the first of the deliveries that share one request; 0 for one on its own. parked: it waits for its integration to
-- be switched on again. uncounted: it says nothing about whether its integration works now: a test, or ended before the
-- integration was last saved or switched on.
ALTER TABLE deliveries ADD COLUMN batch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN uncounted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX deliveries_batch ON deliveries (batch) WHERE state = 'waiting' AND batch > 0;
CREATE INDEX deliveries_counted ON deliveries (integration_id, ended_at, state) WHERE uncounted = 0 AND ended_at > 0;

CREATE TABLE delivery_attempts (
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    attempt     INTEGER NOT NULL, -- from 1
    at          INTEGER NOT NULL, -- when it ended
    ms          INTEGER NOT NULL, -- how long it took
    status      INTEGER NOT NULL, -- code of the HTTP answer or of the mail server; 0 without one
    error       TEXT    NOT NULL, -- empty: delivered
    PRIMARY KEY (delivery_id, attempt)
) STRICT, WITHOUT ROWID;

-- The message about many people says of which kind it is, now that there are several.
UPDATE deliveries SET template = 'create_user_summary', params = json_set(params, '$.template', 'create_user') WHERE template = 'create_users';
UPDATE events SET type = 'create_user_summary' WHERE type = 'create_users';
