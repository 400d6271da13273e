-- +goose Up
-- Who made a link by hand has it, and could sign up with it.
ALTER TABLE signup_links ADD COLUMN made_by INTEGER NOT NULL DEFAULT 0; -- person; 0: it was mailed; -1: several have read it
CREATE INDEX signup_links_makers ON signup_links (made_by) WHERE made_by <> 0 AND ended = '';
UPDATE signup_links SET made_by = coalesce((SELECT i.inviter_id FROM invitations i WHERE i.id = invitation_id AND i.by_link = 1), 0) WHERE ended = '';
-- A tenant says where the role of somebody invited by link will hold. Others are in their groups already.
UPDATE invitations SET tenant_id = NULL WHERE by_link = 0;
