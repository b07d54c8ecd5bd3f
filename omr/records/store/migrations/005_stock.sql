-- Add the life of serials after printing, and the closing of periods.

CREATE TABLE hand_overs (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    hand_over INTEGER PRIMARY KEY,
    run TEXT NOT NULL REFERENCES runs,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= first),
    unit TEXT NOT NULL, -- that received them
    period TEXT NOT NULL
) STRICT;

CREATE TABLE spoilings (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    spoiling INTEGER PRIMARY KEY,
    run TEXT NOT NULL REFERENCES runs,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= first),
    unit TEXT NOT NULL, -- that had them
    period TEXT NOT NULL
) STRICT;

CREATE INDEX spoilings_run ON spoilings (run);

CREATE TABLE stock_counts (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    stock_count INTEGER PRIMARY KEY, -- the latest of a unit, form and period counts
    unit TEXT NOT NULL,
    form TEXT NOT NULL,
    period TEXT NOT NULL
) STRICT;

CREATE TABLE stock_ranges (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    stock_count INTEGER NOT NULL REFERENCES stock_counts,
    run TEXT NOT NULL REFERENCES runs,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= first),
    PRIMARY KEY (stock_count, run, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE period_states (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    period_state INTEGER PRIMARY KEY,
    period TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('closed', 'adjusting')),
    figures TEXT CHECK (figures IS NULL OR json_valid(figures)), -- as they stood at closing
    CHECK ((state = 'closed') = (figures IS NOT NULL))
) STRICT;

CREATE INDEX period_states_period_period_state ON period_states (period, period_state);
