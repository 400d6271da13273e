-- +goose Up

ALTER TABLE account ADD COLUMN enforce_two_factor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN password_min_length INTEGER NOT NULL DEFAULT 12; -- characters
ALTER TABLE account ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

ALTER TABLE users ADD COLUMN two_factor INTEGER NOT NULL DEFAULT 0; -- an authenticator or a passkey is set up
ALTER TABLE users ADD COLUMN password_changed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN phone TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN date_format TEXT NOT NULL DEFAULT 'DMY'; -- 'DMY', 'MDY', 'YMD'
ALTER TABLE users ADD COLUMN clock_24h INTEGER NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'UTC';
ALTER TABLE users ADD COLUMN theme TEXT NOT NULL DEFAULT 'system'; -- 'light', 'dark', 'system'
