-- +goose Up
-- Entries say which browser something came from, also where it is done after the request: by a job, or for a visitor who asked for a link.
ALTER TABLE jobs ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
ALTER TABLE reset_requests ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';

-- The condition "settings changed" is filtered by the types of what was changed: a JSON list; empty lets all pass.
ALTER TABLE triggers ADD COLUMN object_types TEXT NOT NULL DEFAULT '[]';
