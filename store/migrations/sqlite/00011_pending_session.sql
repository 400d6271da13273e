-- +goose Up
-- An authenticator is set up in one session: whoever else has seen its secret shall not be able to put it into use.
ALTER TABLE authenticators ADD COLUMN pending_in INTEGER NOT NULL DEFAULT 0;
