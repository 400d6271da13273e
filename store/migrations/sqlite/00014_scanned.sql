-- +goose Up
-- Deleting a tenant looks for the invitations into it, and housekeeping for the links that ran out long ago.
CREATE INDEX invitations_tenant ON invitations (tenant_id) WHERE tenant_id IS NOT NULL;
CREATE INDEX signup_links_expiry ON signup_links (expires_at);
