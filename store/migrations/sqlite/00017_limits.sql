-- +goose Up
-- What limits count in any hour or day, such as mails to one address.
CREATE TABLE uses (
	kind    TEXT    NOT NULL,
	subject TEXT    NOT NULL,
	at      INTEGER NOT NULL
) STRICT;
CREATE INDEX uses_subject ON uses (kind, subject, at);
CREATE INDEX uses_at ON uses (at);
-- Refusals during pauses are counted in memory: who is refused has nothing written.
ALTER TABLE throttles DROP COLUMN refused;
ALTER TABLE throttles DROP COLUMN refused_logged_at;
