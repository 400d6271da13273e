-- +goose Up
-- Entries say which browser something came from, also where it is done after the request: by a job, or for a visitor who asked for a link.
ALTER TABLE jobs ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
ALTER TABLE reset_requests ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
