-- +goose Up
-- Which process does some work beside the requests that only one may do at a time, and until when. Whoever comes then may take it over.
CREATE TABLE leases (
    name   TEXT    NOT NULL PRIMARY KEY, -- of the work
    holder TEXT    NOT NULL,             -- a random id of the process
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
