-- +goose Up
-- A password that somebody else has chosen, such as one given when a program adds the person: their first sign-in asks for another.
ALTER TABLE users ADD COLUMN password_initial INTEGER NOT NULL DEFAULT 0;
