-- Add what people say about answers that the machine was sure of; it counts once two say the same.

CREATE TABLE corrected_answers (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    correction INTEGER PRIMARY KEY,
    reading INTEGER NOT NULL REFERENCES readings,
    question TEXT NOT NULL,
    state TEXT NOT NULL
    CHECK (state IN ('answered', 'no_answer', 'multiple', 'doubtful', 'withdrawn')),
    codes TEXT NOT NULL
) STRICT;
CREATE INDEX corrected_answers_reading ON corrected_answers (reading, question, correction);
