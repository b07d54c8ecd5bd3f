-- Adds what the month needs beside figures: surveys, topics, quotations, statements, counters.

CREATE TABLE form_surveys (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    form_survey INTEGER PRIMARY KEY, -- the latest of a form counts
    form TEXT NOT NULL,
    survey TEXT NOT NULL -- '' : what the form itself says
) STRICT;

CREATE TABLE comment_topics (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    comment_topic INTEGER PRIMARY KEY, -- the latest of a comment counts
    response INTEGER NOT NULL REFERENCES electronic_slips,
    question TEXT NOT NULL,
    topic TEXT NOT NULL -- as in transcripts
) STRICT;
CREATE INDEX comment_topics_response ON comment_topics (response, question, comment_topic);

CREATE TABLE quotations (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    quotation INTEGER PRIMARY KEY, -- the latest of a comment counts
    channel TEXT NOT NULL, -- paper, electronic
    number INTEGER NOT NULL, -- reading or response
    question TEXT NOT NULL,
    chosen INTEGER NOT NULL CHECK (chosen IN (0, 1)) -- 0 takes it back
) STRICT;

CREATE TABLE statements (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    statement INTEGER PRIMARY KEY, -- the latest of a unit, period and subject counts
    unit TEXT NOT NULL, -- '' of the whole city
    period TEXT NOT NULL,
    about TEXT NOT NULL CHECK (
        about IN ('strengths', 'shortcomings', 'causes', 'solutions', 'participation')),
    text TEXT NOT NULL -- '' takes it back
) STRICT;
CREATE INDEX statements_period ON statements (period, unit, about, statement);

CREATE TABLE stampings (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    stamping INTEGER PRIMARY KEY, -- the latest that holds a serial counts
    run TEXT NOT NULL REFERENCES runs,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= first),
    stamped INTEGER NOT NULL CHECK (stamped IN (0, 1)) -- 0 takes it back
) STRICT;
CREATE INDEX stampings_run ON stampings (run);

CREATE TABLE counter_entries (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    counter_entry INTEGER PRIMARY KEY, -- the latest of a counter counts
    counter TEXT NOT NULL,
    unit TEXT NOT NULL,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    officer TEXT NOT NULL, -- on duty there, to help people fill in
    board INTEGER NOT NULL CHECK (board IN (0, 1)), -- whether the QR board hangs there
    valid_from TEXT NOT NULL,
    valid_to TEXT -- the day from which it is no more
) STRICT;
CREATE INDEX counter_entries_counter ON counter_entries (counter, counter_entry);

CREATE TABLE counter_ranges (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    counter_range INTEGER PRIMARY KEY, -- the latest that holds a serial counts
    counter TEXT NOT NULL,
    run TEXT NOT NULL REFERENCES runs,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= first)
) STRICT;
CREATE INDEX counter_ranges_run ON counter_ranges (run);
