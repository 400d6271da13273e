-- +goose Up
-- Tells an entry from the one that has the same id in another history of the database.
ALTER TABLE user_changes ADD COLUMN tag BIGINT NOT NULL DEFAULT 0;

-- What the set-up code is made of, together with the key. There is a row while there is no account.
CREATE TABLE setup_nonce (
    id    BIGINT PRIMARY KEY CHECK (id = 1),
    nonce BYTEA NOT NULL
);
