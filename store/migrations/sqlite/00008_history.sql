-- +goose Up

-- A person's sign-in history: the browser, and a way to find the attempts without reading everybody's.
ALTER TABLE activity ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
CREATE INDEX activity_sign_ins ON activity (object_id, object COLLATE NOCASE, id) WHERE action >= 'sign in' AND action < 'sign io';
