-- Add what people decide: the latest on a thing counts, 'withdrawn' gives it back to the queue.

CREATE TABLE decided_answers (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    decision INTEGER PRIMARY KEY,
    reading INTEGER NOT NULL REFERENCES readings,
    question TEXT NOT NULL,
    state TEXT NOT NULL
    CHECK (state IN ('answered', 'no_answer', 'multiple', 'doubtful', 'withdrawn')),
    codes TEXT NOT NULL
) STRICT;

CREATE INDEX decided_answers_reading_question_decision ON decided_answers (reading, question, decision);

CREATE TABLE decided_slips (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    decision INTEGER PRIMARY KEY,
    reading INTEGER NOT NULL REFERENCES readings,
    outcome TEXT NOT NULL CHECK (outcome IN ('counts', 'invalid', 'refused', 'void', 'withdrawn')),
    reason TEXT, -- a code of validity.toml
    CHECK ((outcome = 'invalid') = (reason IS NOT NULL))
) STRICT;

CREATE INDEX decided_slips_reading_decision ON decided_slips (reading, decision);

CREATE TABLE decided_pages (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    decision INTEGER PRIMARY KEY,
    page INTEGER NOT NULL REFERENCES pages,
    outcome TEXT NOT NULL
    CHECK (outcome IN ('serial', 'invalid', 'not_a_slip', 'rescanned', 'withdrawn')),
    serial TEXT,
    reason TEXT,
    CHECK ((outcome = 'serial') = (serial IS NOT NULL)),
    CHECK ((outcome = 'invalid') = (reason IS NOT NULL))
) STRICT;

CREATE INDEX decided_pages_page_decision ON decided_pages (page, decision);

CREATE INDEX pages_rejected ON pages (page) WHERE outcome = 'rejected';
