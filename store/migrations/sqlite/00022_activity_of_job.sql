-- +goose Up
-- The entries of one job are shown newest first too. A job may have a million.
DROP INDEX activity_of_job;
CREATE INDEX activity_of_job ON activity (job_id, at) WHERE job_id <> 0;
