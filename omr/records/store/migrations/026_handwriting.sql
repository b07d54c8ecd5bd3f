-- Add values that are written by hand: that somebody wrote, and what two machines read.

CREATE TABLE handwriting (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    reading INTEGER NOT NULL REFERENCES readings, -- only where somebody wrote
    question TEXT NOT NULL,
    first TEXT NOT NULL, -- a sign a cell, a blank for an empty one; '': nobody read it
    second TEXT NOT NULL, -- the same by a reader of another kind
    confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1), -- of the least certain sign
    PRIMARY KEY (reading, question)
) STRICT, WITHOUT ROWID;
