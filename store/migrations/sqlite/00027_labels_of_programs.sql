-- +goose Up
-- What programs say of integrations and triggers beyond what this console acts on. It is kept and given back as it came. The tenant is
-- a label by which programs list them; none means the main tenant.
ALTER TABLE integrations ADD COLUMN tenant_id INTEGER REFERENCES tenants (id) ON DELETE SET NULL;
ALTER TABLE integrations ADD COLUMN events TEXT NOT NULL DEFAULT '[]';
ALTER TABLE integrations ADD COLUMN creator TEXT NOT NULL DEFAULT '';
CREATE INDEX integrations_tenant ON integrations (tenant_id) WHERE tenant_id IS NOT NULL;

-- A trigger whose condition this console has no events for is one of a product around it; its rules say what a program has asked for.
ALTER TABLE triggers ADD COLUMN tenant_id INTEGER REFERENCES tenants (id) ON DELETE SET NULL;
ALTER TABLE triggers ADD COLUMN rules TEXT NOT NULL DEFAULT '{}';
CREATE INDEX triggers_tenant ON triggers (tenant_id) WHERE tenant_id IS NOT NULL;
