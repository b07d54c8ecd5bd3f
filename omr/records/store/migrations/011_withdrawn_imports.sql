-- Add the counter-act of an electronic import, and when a response was sent.
--
-- Which responses are one is told by what they say (records/exchange/known_responses.py): a
-- tool's ids begin again with every form, and a withdrawn file may come in again.

ALTER TABLE electronic_slips ADD COLUMN moment TEXT;

DROP INDEX electronic_slips_name;

CREATE INDEX electronic_slips_event ON electronic_slips (event);

CREATE INDEX electronic_slips_form ON electronic_slips (form);

CREATE TABLE withdrawn_imports (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    imported INTEGER PRIMARY KEY REFERENCES events
) STRICT;
