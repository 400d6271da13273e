-- +goose Up
-- API tokens. Of the value only its SHA-256 is kept. What one grants is permissions x tenants, as far as its owner holds that at the
-- moment of a request.
CREATE TABLE tokens (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    hash           BLOB    NOT NULL UNIQUE,
    kind           TEXT    NOT NULL, -- personal, shared
    name           TEXT    NOT NULL,
    name_key       TEXT    NOT NULL, -- folded: sorted, searched and compared
    owner_id       INTEGER REFERENCES users (id) ON DELETE SET NULL,
    former_owner   TEXT    NOT NULL DEFAULT '', -- who owned it, once they are deleted
    permissions    TEXT    NOT NULL,
    all_tenants    INTEGER NOT NULL DEFAULT 0,  -- present and future ones
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL DEFAULT 0,  -- 0: never
    expiry_told    INTEGER NOT NULL DEFAULT 0,  -- its owner has been told, or chose a time as near as that
    disabled_at    INTEGER NOT NULL DEFAULT 0,
    disabled_why   TEXT    NOT NULL DEFAULT '',
    last_used_at   INTEGER NOT NULL DEFAULT 0,
    last_used_from TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX tokens_name ON tokens (kind, name_key, id);
CREATE INDEX tokens_owner ON tokens (owner_id, kind, name_key, id);
CREATE INDEX tokens_expiring ON tokens (expires_at) WHERE expires_at > 0 AND expiry_told = 0 AND disabled_at = 0;

CREATE TABLE token_tenants (
    token_id  INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    tenant_id INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_tenants_tenant ON token_tenants (tenant_id);

-- The token that did something, and its name for good; 0 and '' where a person did it themselves.
ALTER TABLE activity ADD COLUMN token_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE activity ADD COLUMN token TEXT NOT NULL DEFAULT '';
-- +goose StatementBegin
CREATE TRIGGER activity_keeps_token BEFORE UPDATE OF token_id, token ON activity
BEGIN
    SELECT RAISE(ABORT, 'activity entries cannot be changed');
END;
-- +goose StatementEnd

-- A job that a token began may do what the token may.
ALTER TABLE jobs ADD COLUMN token_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN token TEXT NOT NULL DEFAULT '';
