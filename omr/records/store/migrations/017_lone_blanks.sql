-- Add the blank pages that are no backs: found when the whole stack is there, each waits for a person.

CREATE TABLE lone_blanks (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    page INTEGER PRIMARY KEY REFERENCES pages -- a slip upside down, or hardly seen, looks like this
) STRICT;
