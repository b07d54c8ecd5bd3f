-- Add which survey a draw for the audit by hand is of; a draw without a row is of the main survey.

CREATE TABLE draw_surveys (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    draw INTEGER PRIMARY KEY REFERENCES audit_draws,
    survey TEXT NOT NULL
) STRICT;
