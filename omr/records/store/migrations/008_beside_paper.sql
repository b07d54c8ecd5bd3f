-- Add visits at the counters, and the answers of the electronic form.

CREATE TABLE visit_counts (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    visit_count INTEGER PRIMARY KEY, -- the latest of a unit and period counts
    unit TEXT NOT NULL,
    period TEXT NOT NULL,
    visits INTEGER NOT NULL CHECK (visits >= 0)
) STRICT;

CREATE INDEX visit_counts_period_unit_visit_count ON visit_counts (period, unit, visit_count);

CREATE TABLE electronic_slips (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    response INTEGER PRIMARY KEY,
    form TEXT NOT NULL,
    fingerprint TEXT NOT NULL REFERENCES forms,
    name TEXT NOT NULL, -- the form tool's own, or the hash of its row: tells a second import
    digest TEXT NOT NULL CHECK (length(digest) = 64), -- of what it says
    unit TEXT NOT NULL,
    period TEXT NOT NULL,
    day TEXT NOT NULL, -- on which it was sent, as far as the file tells, else ''
    file TEXT NOT NULL
) STRICT;

CREATE INDEX electronic_slips_period_unit ON electronic_slips (period, unit);

CREATE UNIQUE INDEX electronic_slips_name ON electronic_slips (form, name);

CREATE TABLE electronic_answers (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    response INTEGER NOT NULL REFERENCES electronic_slips,
    question TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('answered', 'no_answer', 'multiple')),
    codes TEXT NOT NULL, -- divided by blanks
    PRIMARY KEY (response, question)
) STRICT, WITHOUT ROWID;

CREATE TABLE electronic_comments (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    response INTEGER NOT NULL REFERENCES electronic_slips,
    question TEXT NOT NULL,
    text TEXT NOT NULL, -- masked
    folded TEXT NOT NULL, -- as in transcripts
    PRIMARY KEY (response, question)
) STRICT, WITHOUT ROWID;
