-- +goose Up
-- The activity log as people read it. Each entry carries an HMAC over itself and the one before; what is older than that chain has none
-- until it is sealed in. Entries that one job made are tied together by its id.
ALTER TABLE activity ADD COLUMN mac BLOB NOT NULL DEFAULT x'';
ALTER TABLE activity ADD COLUMN job_id INTEGER NOT NULL DEFAULT 0;

-- Newest first means by moment, then by id, which SQLite adds to every index. The four columns that have few values stand before the
-- moment: a page asks for each combination of them that occurs, so any of them may be left open.
CREATE INDEX activity_at ON activity (at);
CREATE INDEX activity_kind ON activity (object_type, action, outcome, source, at);
CREATE INDEX activity_of_actor ON activity (actor_id, object_type, action, outcome, source, at);
DROP INDEX activity_object;
CREATE INDEX activity_of_object ON activity (object_type, object_id, action, outcome, source, at);
CREATE INDEX activity_of_actor_on_object ON activity (object_type, object_id, actor_id, at);
CREATE INDEX activity_of_job ON activity (job_id) WHERE job_id <> 0;
CREATE INDEX activity_removals ON activity (object_id) WHERE action = 'remove entries';

-- An entry may be sealed in once, and is otherwise never changed.
DROP TRIGGER activity_no_update;
-- +goose StatementBegin
CREATE TRIGGER activity_no_update BEFORE UPDATE ON activity
WHEN NOT (length(OLD.mac) = 0 AND length(NEW.mac) = 32 AND NEW.id = OLD.id AND NEW.at = OLD.at AND NEW.actor_id = OLD.actor_id
    AND NEW.actor = OLD.actor AND NEW.source = OLD.source AND NEW.address = OLD.address AND NEW.request_id = OLD.request_id
    AND NEW.action = OLD.action AND NEW.object_type = OLD.object_type AND NEW.object_id = OLD.object_id AND NEW.object = OLD.object
    AND NEW.outcome = OLD.outcome AND NEW.changes = OLD.changes AND NEW.user_agent = OLD.user_agent AND NEW.job_id = OLD.job_id)
BEGIN
    SELECT RAISE(ABORT, 'activity entries cannot be changed');
END;
-- +goose StatementEnd

-- INSERT OR REPLACE would remove an entry without asking the trigger below.
-- +goose StatementBegin
CREATE TRIGGER activity_no_replace BEFORE INSERT ON activity
WHEN EXISTS (SELECT 1 FROM activity WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'activity entries cannot be replaced');
END;
-- +goose StatementEnd

-- Only the oldest entries may go, up to the one that a removal entry, written in the same transaction, names as the last.
DROP TRIGGER activity_no_delete;
-- +goose StatementBegin
CREATE TRIGGER activity_no_delete BEFORE DELETE ON activity
WHEN OLD.id > (SELECT coalesce(max(object_id), 0) FROM activity WHERE action = 'remove entries')
BEGIN
    SELECT RAISE(ABORT, 'activity entries cannot be removed');
END;
-- +goose StatementEnd
