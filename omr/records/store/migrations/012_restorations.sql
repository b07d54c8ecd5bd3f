-- Add that a register came back from a backup, and which numbers it must not issue any more.

CREATE TABLE restorations (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    restoration INTEGER PRIMARY KEY,
    backup_at TEXT NOT NULL, -- when the backup was made, UTC
    head TEXT NOT NULL -- hash of its newest event, '' without one
) STRICT;

CREATE TABLE skipped_numbers (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    restoration INTEGER NOT NULL REFERENCES restorations,
    digit INTEGER NOT NULL CHECK (digit BETWEEN 0 AND 9),
    year INTEGER NOT NULL CHECK (year BETWEEN 0 AND 99),
    last INTEGER NOT NULL CHECK (last BETWEEN 1 AND 9999999), -- up to here, numbers may be on paper
    PRIMARY KEY (restoration, digit, year)
) STRICT, WITHOUT ROWID;
