-- +goose Up
-- How long the activity log is kept, in months; 0: for ever.
ALTER TABLE account ADD COLUMN activity_retention INTEGER NOT NULL DEFAULT 0;

-- From here on no entry stands outside the chain: not even one that an older program writes which still serves the database.
-- +goose StatementBegin
CREATE TRIGGER activity_chained BEFORE INSERT ON activity
WHEN length(NEW.mac) <> 32
BEGIN
    SELECT RAISE(ABORT, 'activity entries need a MAC');
END;
-- +goose StatementEnd
