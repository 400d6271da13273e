-- +goose Up
CREATE TABLE programs (
    id     BIGINT PRIMARY KEY CHECK (id = 1),
    oldest BIGINT NOT NULL
);
INSERT INTO programs (id, oldest) VALUES (1, 34);
