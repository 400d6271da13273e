-- +goose Up
-- How long the activity log is kept, in months; 0: for ever.
ALTER TABLE account ADD COLUMN activity_retention INTEGER NOT NULL DEFAULT 0;

-- From here on no entry stands outside the chain: not even one that an older program writes which still serves the database.
-- INSERT OR REPLACE would remove an entry without asking the trigger that keeps it. One trigger for both takes less time than two.
DROP TRIGGER activity_no_replace;
-- +goose StatementBegin
CREATE TRIGGER activity_append BEFORE INSERT ON activity
WHEN length(NEW.mac) <> 32 OR EXISTS (SELECT 1 FROM activity WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'activity entries need a MAC and an id of their own');
END;
-- +goose StatementEnd
