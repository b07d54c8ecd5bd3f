-- Add the chain of events.

CREATE TABLE events (
    event INTEGER PRIMARY KEY AUTOINCREMENT, -- sqlite_sequence remembers a tail that was cut off
    at TEXT NOT NULL, -- UTC, 2026-11-22T08:30:00Z
    by TEXT NOT NULL,
    act TEXT NOT NULL,
    why TEXT NOT NULL,
    digest TEXT NOT NULL CHECK (length(digest) = 64), -- of the rows that the act added
    previous TEXT NOT NULL, -- hash of the event before, '' for the first
    hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)
) STRICT;
