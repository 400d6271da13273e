-- +goose Up

-- A group has a source role, or a set of permissions of its own where the role is ''. Groups of earlier versions are
-- automatic ones of the main tenant, whose names are ASCII: lower() folds them as the program does.
ALTER TABLE groups ADD COLUMN permissions TEXT NOT NULL DEFAULT ''; -- keys such as 'rules.update', separated by spaces
ALTER TABLE groups ADD COLUMN name_key TEXT NOT NULL DEFAULT '';    -- folded name: sorted and searched
ALTER TABLE groups ADD COLUMN members INTEGER NOT NULL DEFAULT 0;   -- how many people are in it
ALTER TABLE groups ADD COLUMN members_version INTEGER NOT NULL DEFAULT 0; -- rises with every change of its members
ALTER TABLE groups ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
UPDATE groups SET name_key = lower(name), members = (SELECT count(*) FROM group_users WHERE group_id = groups.id);
CREATE INDEX groups_name ON groups (name_key, id);
CREATE INDEX groups_automatic ON groups (role) WHERE automatic = 1;

ALTER TABLE tenants ADD COLUMN disabled_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- The role is a label: the person is in no automatic group of it.
ALTER TABLE users ADD COLUMN by_groups INTEGER NOT NULL DEFAULT 0;
