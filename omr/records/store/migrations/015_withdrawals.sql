-- Add the counter-acts: of batches, of what was told of them, of visit counts and stock counts; and
-- what slips that depended on them were decided as, again.

CREATE TABLE batch_withdrawals (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    withdrawal INTEGER PRIMARY KEY, -- the latest of a batch counts
    batch TEXT NOT NULL REFERENCES batches,
    withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1)) -- 0: it counts again
) STRICT;
CREATE INDEX batch_withdrawals_batch ON batch_withdrawals (batch, withdrawal);

CREATE TABLE batch_corrections (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    correction INTEGER PRIMARY KEY, -- the latest of a batch counts, with all that it says
    batch TEXT NOT NULL REFERENCES batches,
    unit TEXT,
    period TEXT,
    expected INTEGER CHECK (expected >= 0)
) STRICT;
CREATE INDEX batch_corrections_batch ON batch_corrections (batch, correction);

CREATE TABLE restandings (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    restanding INTEGER PRIMARY KEY, -- the latest of a reading counts, before what intake said
    reading INTEGER NOT NULL REFERENCES readings,
    reason TEXT NOT NULL, -- as in set_aside, or 'none': it counts by itself
    other INTEGER REFERENCES readings -- the one of the same serial that came first
) STRICT;
CREATE INDEX restandings_reading ON restandings (reading, restanding);

CREATE TABLE withdrawn_visit_counts (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    visit_count INTEGER PRIMARY KEY REFERENCES visit_counts
) STRICT;

CREATE TABLE withdrawn_stock_counts (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    stock_count INTEGER PRIMARY KEY REFERENCES stock_counts
) STRICT;
