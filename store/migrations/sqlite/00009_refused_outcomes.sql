-- +goose Up

-- The page of an ended job lists those who were left as they were, without reading everybody's outcome. With the refusal in
-- it, the index answers by itself: otherwise SQLite does not choose it.
CREATE INDEX job_outcomes_refused ON job_outcomes (job_id, step, refusal) WHERE refusal <> '';
