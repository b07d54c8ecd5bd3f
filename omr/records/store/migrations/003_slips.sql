-- Add originals, batches, pages, readings, answers.

CREATE TABLE originals (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    original TEXT PRIMARY KEY CHECK (length(original) = 64), -- SHA-256 of the file
    path TEXT NOT NULL UNIQUE, -- below the workspace
    bytes INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT;

CREATE TABLE original_ends (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    original TEXT PRIMARY KEY REFERENCES originals,
    pages INTEGER NOT NULL CHECK (pages >= 1)
) STRICT;

CREATE TABLE batches (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    batch TEXT PRIMARY KEY,
    unit TEXT, -- as told; NULL: each slip's print run says it
    period TEXT,
    expected INTEGER CHECK (expected >= 0)
) STRICT;

CREATE TABLE batch_files (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    batch TEXT NOT NULL REFERENCES batches,
    original TEXT NOT NULL REFERENCES originals,
    position INTEGER NOT NULL,
    file TEXT NOT NULL, -- its name when it came in
    PRIMARY KEY (batch, original)
) STRICT;

CREATE INDEX batch_files_original ON batch_files (original);

CREATE TABLE batch_ends (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    batch TEXT PRIMARY KEY REFERENCES batches,
    root TEXT NOT NULL CHECK (length(root) = 64) -- Merkle root over its originals and pages
) STRICT;

CREATE TABLE pages (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    page INTEGER PRIMARY KEY,
    batch TEXT NOT NULL REFERENCES batches,
    original TEXT NOT NULL REFERENCES originals,
    number INTEGER NOT NULL CHECK (number >= 1), -- in the original
    picture TEXT NOT NULL, -- SHA-256 of the page's picture
    outcome TEXT NOT NULL CHECK (outcome IN ('read', 'blank_back', 'rejected', 'cover')),
    reason TEXT,
    measured TEXT CHECK (measured IS NULL OR json_valid(measured)),
    UNIQUE (original, number),
    CHECK ((outcome = 'rejected') = (reason IS NOT NULL))
) STRICT;

CREATE INDEX pages_batch ON pages (batch);

CREATE TABLE readings (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    reading INTEGER PRIMARY KEY,
    page INTEGER NOT NULL REFERENCES pages,
    serial TEXT NOT NULL,
    run TEXT NOT NULL REFERENCES runs,
    number INTEGER NOT NULL,
    unit TEXT NOT NULL, -- that it counts for
    period TEXT NOT NULL,
    carriers TEXT NOT NULL, -- 'ladder qr', 'text', 'typed'
    dpi REAL NOT NULL,
    residual_mm REAL NOT NULL,
    scan_from_page TEXT NOT NULL CHECK (json_valid(scan_from_page)), -- 6 numbers, row by row
    marks BLOB NOT NULL, -- see records/store/measured.py
    seal TEXT NOT NULL CHECK (seal IN ('present', 'absent', 'unknown')),
    streaks TEXT CHECK (streaks IS NULL OR json_valid(streaks)) -- [first px, last px, is column] each
) STRICT;

CREATE INDEX readings_page ON readings (page);

CREATE INDEX readings_serial ON readings (serial);

CREATE INDEX readings_run_number ON readings (run, number);

CREATE INDEX readings_period_unit_run_number ON readings (period, unit, run, number);

CREATE TABLE attributions (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    attribution INTEGER PRIMARY KEY,
    reading INTEGER NOT NULL REFERENCES readings,
    unit TEXT NOT NULL, -- that the slip counts for from then on
    period TEXT NOT NULL
) STRICT;

CREATE INDEX attributions_reading_attribution ON attributions (reading, attribution);

CREATE INDEX attributions_period ON attributions (period);

CREATE TABLE set_aside (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    reading INTEGER PRIMARY KEY REFERENCES readings,
    reason TEXT NOT NULL CHECK (reason IN (
    'same_image', 'same_sheet', 'duplicate_other_image',
    'other_unit', 'other_period', 'spoiled', 'period_closed')),
    other INTEGER REFERENCES readings -- the one of the same serial that came first
) STRICT;

CREATE TABLE doubts (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    reading INTEGER NOT NULL REFERENCES readings,
    reason TEXT NOT NULL, -- two_fiducials, text_only, few_answers, no_stamp
    PRIMARY KEY (reading, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE comments (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    reading INTEGER NOT NULL REFERENCES readings, -- only where somebody wrote
    question TEXT NOT NULL,
    ink_mm2 REAL NOT NULL,
    corners_px TEXT NOT NULL CHECK (json_valid(corners_px)), -- of the picture to cut out
    PRIMARY KEY (reading, question)
) STRICT, WITHOUT ROWID;

CREATE TABLE decidings (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    deciding INTEGER PRIMARY KEY,
    reading INTEGER NOT NULL REFERENCES readings,
    calibration TEXT NOT NULL,
    overall INTEGER NOT NULL CHECK (overall IN (0, 1)), -- whether the overall question may have an answer
    verdicts TEXT NOT NULL CHECK (json_valid(verdicts)) -- of all boxes that are not plainly blank
) STRICT;

CREATE INDEX decidings_reading_deciding ON decidings (reading, deciding);

CREATE INDEX decidings_without_overall ON decidings (reading) WHERE overall = 0;

CREATE TABLE answers (
    event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED,
    deciding INTEGER NOT NULL REFERENCES decidings,
    question TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('answered', 'no_answer', 'multiple', 'doubtful')),
    codes TEXT NOT NULL, -- divided by blanks
    confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    PRIMARY KEY (deciding, question)
) STRICT, WITHOUT ROWID;

CREATE INDEX answers_doubtful ON answers (deciding, question) WHERE state = 'doubtful';
