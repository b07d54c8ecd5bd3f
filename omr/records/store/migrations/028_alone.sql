-- Add what one person said about a slip and nobody else said alike yet: kept, and without effect until then.

ALTER TABLE decided_slips ADD COLUMN alone INTEGER CHECK (alone = 1); -- NULL: it is in force
