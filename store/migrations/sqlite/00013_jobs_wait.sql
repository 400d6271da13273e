-- +goose Up
-- A job that fails waits by itself: others go on.
ALTER TABLE jobs ADD COLUMN failures INTEGER NOT NULL DEFAULT 0; -- of the step it is at, in a row
ALTER TABLE jobs ADD COLUMN next_at INTEGER NOT NULL DEFAULT 0;
-- A constant, sealed with the key of this database: another key is noticed at the start.
CREATE TABLE sealed_constant (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	sealed BLOB NOT NULL
);
