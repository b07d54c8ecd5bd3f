-- Add rankings: a row a question, and which rows belong together.
--
-- The list of kinds stands in a CHECK, so both tables are made anew with the rows they had, as in 019.

CREATE TEMP TABLE kept_options AS SELECT * FROM form_options;
CREATE TEMP TABLE kept_questions AS SELECT * FROM form_questions;
DROP TABLE form_options;
DROP TABLE form_questions;

CREATE TABLE form_questions (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    fingerprint TEXT NOT NULL REFERENCES forms,
    question TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL
    CHECK (kind IN ('single', 'multiple', 'likert', 'text', 'number', 'date', 'code', 'rank')),
    text TEXT NOT NULL,
    factor TEXT NOT NULL,
    core INTEGER NOT NULL CHECK (core IN (0, 1)),
    overall INTEGER NOT NULL CHECK (overall IN (0, 1)),
    ranking TEXT, -- of kind rank: what it is a row of
    PRIMARY KEY (fingerprint, question)
) STRICT, WITHOUT ROWID;
INSERT INTO form_questions SELECT *, NULL FROM kept_questions;

CREATE TABLE form_options (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    fingerprint TEXT NOT NULL,
    question TEXT NOT NULL,
    code TEXT NOT NULL,
    position INTEGER NOT NULL,
    label TEXT NOT NULL,
    satisfied INTEGER NOT NULL CHECK (satisfied IN (0, 1)),
    applies INTEGER CHECK (applies IN (0, 1)), -- 0: in no denominator
    PRIMARY KEY (fingerprint, question, code),
    FOREIGN KEY (fingerprint, question) REFERENCES form_questions
) STRICT, WITHOUT ROWID;
INSERT INTO form_options SELECT * FROM kept_options;

DROP TABLE kept_options;
DROP TABLE kept_questions;
