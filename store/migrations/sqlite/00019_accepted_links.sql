-- +goose Up
-- Who signed up with a link, and which invitation that was: it is gone by then, and pages that still show it say what has become of it.
ALTER TABLE signup_links ADD COLUMN accepted_invitation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE signup_links ADD COLUMN accepted_by INTEGER REFERENCES users (id) ON DELETE SET NULL;
CREATE INDEX signup_links_accepted_invitation ON signup_links (accepted_invitation) WHERE accepted_invitation <> 0;
CREATE INDEX signup_links_accepted_by ON signup_links (accepted_by) WHERE accepted_by IS NOT NULL;
