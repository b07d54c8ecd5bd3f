-- Add to each closing by which version of the rules of validity it was judged.

ALTER TABLE period_states ADD COLUMN rules TEXT;
