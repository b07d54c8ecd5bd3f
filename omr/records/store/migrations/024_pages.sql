-- Add questionnaires of several pages: which page a reading is, how many there are, and a person's word
-- that one counts although a page is missing.

ALTER TABLE readings ADD COLUMN form_page INTEGER CHECK (form_page BETWEEN 2 AND 9); -- NULL: the first
CREATE INDEX readings_form_page ON readings (serial) WHERE form_page IS NOT NULL;

CREATE TABLE form_pages (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    fingerprint TEXT PRIMARY KEY REFERENCES forms, -- only of forms with more than one
    pages INTEGER NOT NULL CHECK (pages BETWEEN 2 AND 9),
    duplex INTEGER NOT NULL CHECK (duplex IN (0, 1)) -- 1: two pages are one sheet
) STRICT;

ALTER TABLE decided_slips ADD COLUMN although TEXT; -- what is known to be missing: 'pages_missing'
