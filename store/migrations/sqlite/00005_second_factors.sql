-- +goose Up

-- Sessions of earlier versions are finished ones.
ALTER TABLE sessions ADD COLUMN stage TEXT NOT NULL DEFAULT ''; -- '' finished, 'second factor', 'set up'
ALTER TABLE sessions ADD COLUMN second_factor_at INTEGER NOT NULL DEFAULT 0;

-- An authenticator app. A new one is pending beside the old one until it is confirmed. Both secrets are sealed.
CREATE TABLE authenticators (
    user_id      INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret       BLOB,
    last_step    INTEGER NOT NULL DEFAULT 0, -- the newest time step that a code was accepted for
    confirmed_at INTEGER NOT NULL DEFAULT 0,
    pending      BLOB,
    pending_at   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE passkeys (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id BLOB    NOT NULL UNIQUE,
    credential    TEXT    NOT NULL, -- JSON; public
    name          TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX passkeys_user ON passkeys (user_id);

-- What the console has asked a passkey, until it answers: once, and in the same session.
CREATE TABLE passkey_questions (
    session_id INTEGER PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    question   TEXT    NOT NULL, -- JSON
    options    TEXT    NOT NULL, -- JSON, for the browser
    name       TEXT    NOT NULL, -- of the passkey to be added; '' at sign-in
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    BLOB    NOT NULL, -- SHA-256; a code has 125 random bits
    used_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE reset_links (
    token_hash BLOB    PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended      TEXT    NOT NULL DEFAULT '' -- 'used', 'revoked'
) STRICT;
CREATE INDEX reset_links_user ON reset_links (user_id, created_at);

-- Requests of visitors for a link to reset a password, until they are answered beside the requests, so that the page
-- takes as long for an unknown address as for a known one.
CREATE TABLE reset_requests (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    email      TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    request_id TEXT    NOT NULL
) STRICT;
