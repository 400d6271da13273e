-- +goose Up

-- Whether most messages of an integration fail is asked whenever one has ended: the failed ones are counted without the
-- others.
CREATE INDEX deliveries_failed ON deliveries (integration_id, ended_at) WHERE uncounted = 0 AND state = 'failed';
