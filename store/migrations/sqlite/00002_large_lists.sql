-- +goose Up

-- Every tab of the user list in every order is a walk along one index; the conditions are those of tabConditions.
DROP INDEX users_name;

CREATE INDEX users_all_name ON users (name_key, id) WHERE joined_at > 0;
CREATE INDEX users_all_role ON users (role_key, id) WHERE joined_at > 0;
CREATE INDEX users_all_email ON users (email_key, id) WHERE joined_at > 0;
CREATE INDEX users_all_last_auth ON users (last_auth_at, id) WHERE joined_at > 0;

CREATE INDEX users_active_name ON users (name_key, id) WHERE activated_at > 0 AND disabled_at = 0;
CREATE INDEX users_active_role ON users (role_key, id) WHERE activated_at > 0 AND disabled_at = 0;
CREATE INDEX users_active_email ON users (email_key, id) WHERE activated_at > 0 AND disabled_at = 0;
CREATE INDEX users_active_last_auth ON users (last_auth_at, id) WHERE activated_at > 0 AND disabled_at = 0;

CREATE INDEX users_invited_name ON users (name_key, id) WHERE activated_at = 0 AND disabled_at = 0;
CREATE INDEX users_invited_role ON users (role_key, id) WHERE activated_at = 0 AND disabled_at = 0;
CREATE INDEX users_invited_email ON users (email_key, id) WHERE activated_at = 0 AND disabled_at = 0;
CREATE INDEX users_invited_last_auth ON users (last_auth_at, id) WHERE activated_at = 0 AND disabled_at = 0;

CREATE INDEX users_disabled_name ON users (name_key, id) WHERE disabled_at > 0;
CREATE INDEX users_disabled_role ON users (role_key, id) WHERE disabled_at > 0;
CREATE INDEX users_disabled_email ON users (email_key, id) WHERE disabled_at > 0;
CREATE INDEX users_disabled_last_auth ON users (last_auth_at, id) WHERE disabled_at > 0;

-- Searching happens in memory (internal/directory), which follows this log of changes.
ALTER TABLE users DROP COLUMN search;

CREATE TABLE user_changes (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL -- no reference: the person may be gone
) STRICT;

-- A long piece of work. work is what is to be done, one step for each person; done is how many steps are behind it.
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT    NOT NULL, -- 'disable', 'enable', 'delete', 'import'
    actor_id    INTEGER NOT NULL,
    actor_name  TEXT    NOT NULL,
    actor_email TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    request_id  TEXT    NOT NULL,
    work        BLOB    NOT NULL, -- JSON
    total       INTEGER NOT NULL,
    done        INTEGER NOT NULL DEFAULT 0,
    refused     INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_running ON jobs (id) WHERE ended_at = 0;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at > 0;

CREATE TABLE job_outcomes (
    job_id  INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    step    INTEGER NOT NULL,
    user_id INTEGER NOT NULL, -- no reference: the person may be gone; 0 where there never was one
    name    TEXT    NOT NULL,
    email   TEXT    NOT NULL,
    role    TEXT    NOT NULL,
    refusal TEXT    NOT NULL, -- empty: done
    PRIMARY KEY (job_id, step)
) STRICT, WITHOUT ROWID;
