-- Add what closes the case of a sheet that was scanned again: what its unread page holds as ink, and which
-- reading turned out to be the same sheet.

CREATE TABLE page_marks (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    page INTEGER NOT NULL REFERENCES pages, -- whose serial could not be read
    fingerprint TEXT NOT NULL REFERENCES forms, -- the form whose boxes were measured on it
    marks BLOB NOT NULL, -- see records/store/measured.py
    seal TEXT NOT NULL CHECK (seal IN ('present', 'absent', 'unknown')),
    PRIMARY KEY (page, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE rescans (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    rescan INTEGER PRIMARY KEY,
    page INTEGER NOT NULL REFERENCES pages,
    reading INTEGER NOT NULL REFERENCES readings -- the same sheet, read later
) STRICT;
CREATE INDEX rescans_page ON rescans (page);
