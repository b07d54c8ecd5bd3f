-- Add the same for pages that could not be read: one person's word is kept, and without effect until
-- another one says the same.

ALTER TABLE decided_pages ADD COLUMN alone INTEGER CHECK (alone = 1); -- NULL: it is in force
