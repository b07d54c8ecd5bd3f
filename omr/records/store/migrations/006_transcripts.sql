-- Comments that somebody typed, personal data already masked; the handwriting stays in the original.

CREATE TABLE transcripts (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    transcript INTEGER PRIMARY KEY, -- the latest of a comment counts
    reading INTEGER NOT NULL REFERENCES readings,
    question TEXT NOT NULL,
    topic TEXT NOT NULL, -- see records/review/transcripts.py
    text TEXT NOT NULL, -- masked; empty where nothing can be read
    folded TEXT NOT NULL -- the same without diacritics and capitals, đ as d: for searching
) STRICT;

CREATE INDEX transcripts_reading_question_transcript ON transcripts (reading, question, transcript);
