-- +goose Up
-- The oldest program that can work with this schema, by the newest schema that it knows. A migration that takes away what earlier programs
-- use raises it. Of SQLite, which one program serves at a time, it is not asked.
CREATE TABLE programs (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    oldest INTEGER NOT NULL
) STRICT;
INSERT INTO programs (id, oldest) VALUES (1, 34);
