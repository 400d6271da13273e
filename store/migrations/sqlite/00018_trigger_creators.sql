-- +goose Up
-- Who made a trigger, written as in the activity entries: no reference, because people are renamed and leave.
ALTER TABLE triggers ADD COLUMN creator_id INTEGER NOT NULL DEFAULT 0; -- 0: not known
ALTER TABLE triggers ADD COLUMN creator TEXT NOT NULL DEFAULT '';
UPDATE triggers SET creator_id = a.actor_id, creator = a.actor
    FROM activity a WHERE a.object_type = 'trigger' AND a.object_id = triggers.id AND a.action = 'create trigger' AND a.outcome = 'done';
