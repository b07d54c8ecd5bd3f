-- Find the few slips whose serial a person typed: each sheet that comes in is compared with them.

CREATE INDEX readings_typed ON readings (period, unit) WHERE carriers = 'typed';
