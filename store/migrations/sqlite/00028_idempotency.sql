-- +goose Up
-- What programs made with an idempotency key, for as long as the same request may come again. The fingerprint tells it from another
-- request with that key.
CREATE TABLE idempotency_keys (
    token_id    INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    object_id   INTEGER NOT NULL, -- what was made
    at          INTEGER NOT NULL,
    PRIMARY KEY (token_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_at ON idempotency_keys (at);
