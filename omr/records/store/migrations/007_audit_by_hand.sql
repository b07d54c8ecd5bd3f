-- Add public draws of slips, and what people keyed from their paper.

CREATE TABLE audit_draws (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    draw INTEGER PRIMARY KEY, -- the latest of a period counts
    period TEXT NOT NULL,
    seed TEXT NOT NULL,
    points TEXT NOT NULL, -- a fraction: per cent points the satisfied share may be too high
    satisfied INTEGER NOT NULL,
    answered INTEGER NOT NULL CHECK (answered >= satisfied),
    slips INTEGER NOT NULL,
    population TEXT NOT NULL CHECK (length(population) = 64) -- SHA-256 over what was counted
) STRICT;

CREATE INDEX audit_draws_period ON audit_draws (period);

CREATE TABLE drawn_slips (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    draw INTEGER NOT NULL REFERENCES audit_draws,
    position INTEGER NOT NULL, -- by ticket
    serial TEXT NOT NULL,
    fingerprint TEXT NOT NULL REFERENCES forms,
    valid INTEGER NOT NULL CHECK (valid IN (0, 1)),
    said TEXT NOT NULL CHECK (json_valid(said)), -- as counted when it was drawn
    PRIMARY KEY (draw, serial)
) STRICT, WITHOUT ROWID;

CREATE TABLE rekeyed_slips (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    rekeyed INTEGER PRIMARY KEY, -- the latest of a draw and serial counts
    draw INTEGER NOT NULL,
    serial TEXT NOT NULL,
    paper TEXT NOT NULL CHECK (paper IN ('ok', 'invalid', 'missing')),
    said TEXT NOT NULL CHECK (json_valid(said)),
    FOREIGN KEY (draw, serial) REFERENCES drawn_slips
) STRICT;

CREATE INDEX rekeyed_slips_draw_serial_rekeyed ON rekeyed_slips (draw, serial, rekeyed);
