-- Add what was measured again, by a later reader, from the originals that were kept; the latest counts.

CREATE TABLE measurings (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    measuring INTEGER PRIMARY KEY,
    reading INTEGER NOT NULL REFERENCES readings,
    marks BLOB NOT NULL -- see records/store/measured.py
) STRICT;
CREATE INDEX measurings_reading ON measurings (reading, measuring);
