-- Times are milliseconds since 1970 in UTC, 0 means "not yet". Ids are never used twice (AUTOINCREMENT).

-- +goose Up

CREATE TABLE account (
    id               INTEGER PRIMARY KEY CHECK (id = 1),
    name             TEXT    NOT NULL,
    cloud            TEXT    NOT NULL,
    idle_timeout     INTEGER NOT NULL, -- seconds
    absolute_timeout INTEGER NOT NULL, -- seconds
    created_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE tenants (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid       TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    main       INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX tenants_main ON tenants (main) WHERE main = 1;

-- A person invited by link is a row from the start, so that the address is taken; joined_at is set when they
-- join the user list: at once for everybody else, at sign-up for them.
CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid          TEXT    NOT NULL UNIQUE,
    email         TEXT    NOT NULL,
    email_key     TEXT    NOT NULL UNIQUE, -- the address as compared: one mailbox, one key
    first_name    TEXT    NOT NULL,
    last_name     TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL DEFAULT '',
    created_at    INTEGER NOT NULL,
    joined_at     INTEGER NOT NULL DEFAULT 0,
    activated_at  INTEGER NOT NULL DEFAULT 0,
    disabled_at   INTEGER NOT NULL DEFAULT 0,
    last_auth_at  INTEGER NOT NULL DEFAULT 0,
    version       INTEGER NOT NULL DEFAULT 1,
    name_key      TEXT    NOT NULL, -- sort key of the name shown, compared bytewise
    role_key      TEXT    NOT NULL, -- sort key of the role, then the name
    search        TEXT    NOT NULL  -- folded name, email and role
) STRICT;
CREATE INDEX users_name ON users (name_key, id);
CREATE INDEX users_administrators ON users (id) WHERE role = 'global_admin';

CREATE TABLE groups (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL,
    role        TEXT    NOT NULL, -- where its permissions come from
    automatic   INTEGER NOT NULL,
    all_tenants INTEGER NOT NULL, -- present and future ones
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE group_tenants (
    group_id  INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    tenant_id INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_tenants_tenant ON group_tenants (tenant_id);

CREATE TABLE group_users (
    group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id  INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_users_user ON group_users (user_id);

CREATE TABLE events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid        TEXT    NOT NULL UNIQUE,
    type        TEXT    NOT NULL,
    occurred_at INTEGER NOT NULL
) STRICT;

CREATE TABLE integrations (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    active     INTEGER NOT NULL,
    settings   BLOB    NOT NULL, -- sealed
    created_at INTEGER NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE triggers (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    condition     TEXT    NOT NULL,
    role_operator TEXT    NOT NULL, -- 'eq', 'ne'; '' without a filter
    roles         TEXT    NOT NULL, -- JSON array
    enabled       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    version       INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE trigger_integrations (
    trigger_id     INTEGER NOT NULL REFERENCES triggers (id) ON DELETE CASCADE,
    integration_id INTEGER NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    PRIMARY KEY (trigger_id, integration_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX trigger_integrations_integration ON trigger_integrations (integration_id);

-- The outbox: one message to one destination. user_id is the person a mail is for (invitation, confirmation);
-- a message of a trigger has its event, trigger and integration instead.
CREATE TABLE deliveries (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid           TEXT    NOT NULL UNIQUE,
    target         TEXT    NOT NULL, -- deliveries to one target are sent in order
    kind           TEXT    NOT NULL,
    recipient      TEXT    NOT NULL,
    template       TEXT    NOT NULL,
    params         TEXT    NOT NULL, -- JSON; all the message says, so that every attempt says the same
    secret         BLOB,             -- sealed link token, erased when the delivery ends
    user_id        INTEGER REFERENCES users (id) ON DELETE CASCADE,
    event_id       INTEGER REFERENCES events (id) ON DELETE CASCADE,
    trigger_id     INTEGER REFERENCES triggers (id) ON DELETE SET NULL,
    integration_id INTEGER REFERENCES integrations (id) ON DELETE SET NULL,
    state          TEXT    NOT NULL, -- 'waiting', 'delivered', 'failed'
    attempts       INTEGER NOT NULL DEFAULT 0,
    next_at        INTEGER NOT NULL,
    error          TEXT    NOT NULL DEFAULT '',
    created_at     INTEGER NOT NULL,
    ended_at       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX deliveries_due ON deliveries (target, next_at, id) WHERE state = 'waiting';
CREATE INDEX deliveries_user ON deliveries (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX deliveries_event ON deliveries (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX deliveries_trigger ON deliveries (trigger_id, id) WHERE trigger_id IS NOT NULL;
CREATE INDEX deliveries_integration ON deliveries (integration_id) WHERE integration_id IS NOT NULL;

-- A pending invitation; accepting or revoking it removes the row.
CREATE TABLE invitations (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id          INTEGER NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    by_link          INTEGER NOT NULL,
    tenant_id        INTEGER REFERENCES tenants (id) ON DELETE CASCADE, -- by link: where the role will hold
    inviter_id       INTEGER REFERENCES users (id) ON DELETE SET NULL,
    inviter_name     TEXT    NOT NULL,
    inviter_email    TEXT    NOT NULL,
    duration         INTEGER NOT NULL, -- how long a fresh link lasts, milliseconds
    expires_at       INTEGER NOT NULL,
    mail_delivery_id INTEGER REFERENCES deliveries (id) ON DELETE SET NULL,
    created_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX invitations_inviter ON invitations (inviter_id) WHERE inviter_id IS NOT NULL;
CREATE INDEX invitations_mail_delivery ON invitations (mail_delivery_id) WHERE mail_delivery_id IS NOT NULL;

-- Every signup link ever issued, so that a dead one can say why. ended: '' open, 'used', 'revoked', 'replaced'.
CREATE TABLE signup_links (
    token_hash    BLOB    PRIMARY KEY,
    invitation_id INTEGER REFERENCES invitations (id) ON DELETE SET NULL,
    expires_at    INTEGER NOT NULL,
    ended         TEXT    NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX signup_links_invitation ON signup_links (invitation_id) WHERE invitation_id IS NOT NULL;

CREATE TABLE sessions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash   BLOB    NOT NULL UNIQUE,
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    form_key     BLOB    NOT NULL, -- what the CSRF tokens of its forms are made from
    data         BLOB    NOT NULL,
    address      TEXT    NOT NULL,
    user_agent   TEXT    NOT NULL,
    created_at   INTEGER NOT NULL, -- the absolute timeout counts from here
    last_seen_at INTEGER NOT NULL  -- the idle timeout counts from here
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE throttles (
    kind              TEXT    NOT NULL,
    subject           TEXT    NOT NULL,
    failures          INTEGER NOT NULL,
    first_at          INTEGER NOT NULL,
    last_at           INTEGER NOT NULL,
    refused           INTEGER NOT NULL DEFAULT 0, -- refusals not yet in the activity log
    refused_logged_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX throttles_last ON throttles (last_at);

CREATE TABLE activity (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    actor_id    INTEGER NOT NULL, -- 0: nobody signed in, or the system; no reference, history outlives people
    actor       TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    request_id  TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    object_type TEXT    NOT NULL,
    object_id   INTEGER NOT NULL,
    object      TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    changes     TEXT    NOT NULL -- JSON: field → [previous, new]
) STRICT;
CREATE INDEX activity_object ON activity (object_type, object_id);

-- +goose StatementBegin
CREATE TRIGGER activity_no_update BEFORE UPDATE ON activity
BEGIN
    SELECT RAISE(ABORT, 'activity entries cannot be changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER activity_no_delete BEFORE DELETE ON activity
BEGIN
    SELECT RAISE(ABORT, 'activity entries cannot be removed');
END;
-- +goose StatementEnd
