-- Add which options say "not applicable", and who is asked a question at all.

ALTER TABLE form_options ADD COLUMN applies INTEGER CHECK (applies IN (0, 1)); -- 0: in no denominator

CREATE TABLE form_conditions (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    fingerprint TEXT NOT NULL REFERENCES forms,
    question TEXT NOT NULL,
    before TEXT NOT NULL, -- the question that decides who is asked
    codes TEXT NOT NULL, -- only who gave one of these, divided by blanks; all others skip it
    PRIMARY KEY (fingerprint, question)
) STRICT, WITHOUT ROWID;
