-- Add what was counted when a period was closed: nothing changes it, so nobody counts it again.

CREATE TABLE closed_tallies (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    period_state INTEGER PRIMARY KEY REFERENCES period_states,
    tallies BLOB NOT NULL -- JSON, deflated
) STRICT;
