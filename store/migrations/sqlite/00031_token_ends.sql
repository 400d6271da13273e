-- +goose Up
-- Who has disabled a token by hand: its owner may not enable what others have disabled. 0: nobody has, or the command line.
ALTER TABLE tokens ADD COLUMN disabled_by INTEGER NOT NULL DEFAULT 0;
UPDATE tokens SET disabled_by = coalesce((SELECT actor_id FROM activity
    WHERE object_type = 'token' AND object_id = tokens.id AND action = 'disable token' ORDER BY at DESC, id DESC LIMIT 1), 0)
WHERE disabled_why = 'by hand';

-- For how long a token was made to work, in milliseconds: renewed by itself, it works as long again. 0: for ever.
ALTER TABLE tokens ADD COLUMN lasts INTEGER NOT NULL DEFAULT 0;
UPDATE tokens SET lasts = expires_at - created_at WHERE expires_at > 0;
