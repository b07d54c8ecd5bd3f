-- Add forms, units, print runs.

CREATE TABLE forms (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    fingerprint TEXT PRIMARY KEY CHECK (length(fingerprint) = 64),
    form TEXT NOT NULL,
    revision TEXT NOT NULL,
    digit INTEGER NOT NULL CHECK (digit BETWEEN 0 AND 9),
    title TEXT NOT NULL,
    field TEXT NOT NULL,
    canonical TEXT NOT NULL CHECK (json_valid(canonical)),
    UNIQUE (form, revision)
) STRICT;

CREATE TABLE form_questions (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    fingerprint TEXT NOT NULL REFERENCES forms,
    question TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('single', 'multiple', 'likert', 'text')),
    text TEXT NOT NULL,
    factor TEXT NOT NULL,
    core INTEGER NOT NULL CHECK (core IN (0, 1)),
    overall INTEGER NOT NULL CHECK (overall IN (0, 1)),
    PRIMARY KEY (fingerprint, question)
) STRICT, WITHOUT ROWID;

CREATE TABLE form_options (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    fingerprint TEXT NOT NULL,
    question TEXT NOT NULL,
    code TEXT NOT NULL,
    position INTEGER NOT NULL,
    label TEXT NOT NULL,
    satisfied INTEGER NOT NULL CHECK (satisfied IN (0, 1)),
    PRIMARY KEY (fingerprint, question, code),
    FOREIGN KEY (fingerprint, question) REFERENCES form_questions
) STRICT, WITHOUT ROWID;

CREATE TABLE unit_entries (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    entry INTEGER PRIMARY KEY,
    unit TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    parent TEXT,
    successor TEXT,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    CHECK (valid_to IS NULL OR valid_to >= valid_from)
) STRICT;

CREATE INDEX unit_entries_unit_valid_from ON unit_entries (unit, valid_from);

CREATE TABLE runs (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    run TEXT PRIMARY KEY,
    form TEXT NOT NULL,
    fingerprint TEXT NOT NULL REFERENCES forms,
    unit TEXT NOT NULL,
    period TEXT NOT NULL,
    digit INTEGER NOT NULL CHECK (digit BETWEEN 0 AND 9),
    year INTEGER NOT NULL CHECK (year BETWEEN 0 AND 99),
    first INTEGER NOT NULL CHECK (first >= 0),
    last INTEGER NOT NULL CHECK (last BETWEEN first AND 9999999),
    key BLOB NOT NULL CHECK (length(key) = 32), -- secret: makes the guard letters
    seeded INTEGER NOT NULL CHECK (seeded IN (0, 1)), -- 1: the key can be guessed, not for real use
    target TEXT NOT NULL
) STRICT;

CREATE INDEX runs_digit_year_last ON runs (digit, year, last);

CREATE TRIGGER runs_never_twice BEFORE INSERT ON runs
    WHEN EXISTS (SELECT 1 FROM runs WHERE digit = NEW.digit AND year = NEW.year
    AND last >= NEW.first AND first <= NEW.last)
    BEGIN SELECT RAISE(ABORT, 'runs: a number is never issued twice'); END;

CREATE TABLE run_ends (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    run TEXT PRIMARY KEY REFERENCES runs,
    state TEXT NOT NULL CHECK (state IN ('issued', 'void')),
    pdf TEXT CHECK (length(pdf) = 64), -- SHA-256 of the printed file
    CHECK ((state = 'issued') = (pdf IS NOT NULL))
) STRICT;
