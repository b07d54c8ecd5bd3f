-- Add what was left out when a stack was read: files of its folders, small pictures inside its files.

CREATE TABLE left_out (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    batch TEXT NOT NULL REFERENCES batches,
    path TEXT NOT NULL, -- from the folder that was given, as it is shown
    reason TEXT NOT NULL,
    files INTEGER NOT NULL CHECK (files >= 0), -- how many; 0: nobody could count them
    PRIMARY KEY (batch, path, reason)
) STRICT, WITHOUT ROWID;
