-- +goose Up
-- Who has made signup links by hand that nobody has accepted: asked when a group changes, and few among many invitations.
CREATE INDEX invitations_by_link ON invitations (inviter_id) WHERE by_link = 1;
