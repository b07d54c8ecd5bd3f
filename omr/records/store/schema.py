"""The tables, as migrations: facts are added rows, what counts today is a view over them.

Every row of a fact table belongs to one event: the act that added it, with who, when
and why (`store.Store.act`). Triggers refuse UPDATE and DELETE on all of them. A
migration that stands in a released version is never changed; a new one is added below.
docs/database.md explains every table and view.
"""

from __future__ import annotations

from typing import Final

from sqlite_utils import Database, Migrations

APPLICATION_ID: Final = 0x4F4D5253  # "OMRS", in the file's header: this database is ours

migrations: Final = Migrations("omr")


def _immutable(db: Database, table: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table}: facts are added, never changed or removed'); END"
        )


def _facts(db: Database, table: str, columns: str, *indexes: str, options: str = "STRICT") -> None:
    """Create a table of facts: each row names its event, and no row is ever changed or removed."""
    # Deferred: an event's own row is written last, when the digest of the act's rows is known.
    event = "event INTEGER NOT NULL REFERENCES events DEFERRABLE INITIALLY DEFERRED"
    db.execute(f"CREATE TABLE {table} (\n{event},\n{columns}\n) {options}")
    for index in indexes:
        name = "_".join([table, *index.split(", ")])
        db.execute(f"CREATE INDEX {name} ON {table} ({index})")
    _immutable(db, table)


@migrations()
def m001_events(db: Database) -> None:
    """Add the chain of events."""
    db.execute(
        """CREATE TABLE events (
            event INTEGER PRIMARY KEY AUTOINCREMENT, -- sqlite_sequence remembers a tail that was cut off
            at TEXT NOT NULL, -- UTC, 2026-11-22T08:30:00Z
            by TEXT NOT NULL,
            act TEXT NOT NULL,
            why TEXT NOT NULL,
            digest TEXT NOT NULL CHECK (length(digest) = 64), -- of the rows that the act added
            previous TEXT NOT NULL, -- hash of the event before, '' for the first
            hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)
        ) STRICT"""
    )
    _immutable(db, "events")


@migrations()
def m002_register(db: Database) -> None:
    """Add forms, units, print runs."""
    _facts(
        db,
        "forms",
        """fingerprint TEXT PRIMARY KEY CHECK (length(fingerprint) = 64),
        form TEXT NOT NULL,
        revision TEXT NOT NULL,
        digit INTEGER NOT NULL CHECK (digit BETWEEN 0 AND 9),
        title TEXT NOT NULL,
        field TEXT NOT NULL,
        canonical TEXT NOT NULL CHECK (json_valid(canonical)),
        UNIQUE (form, revision)""",
    )
    _facts(
        db,
        "form_questions",
        """fingerprint TEXT NOT NULL REFERENCES forms,
        question TEXT NOT NULL,
        position INTEGER NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('single', 'multiple', 'likert', 'text')),
        text TEXT NOT NULL,
        factor TEXT NOT NULL,
        core INTEGER NOT NULL CHECK (core IN (0, 1)),
        overall INTEGER NOT NULL CHECK (overall IN (0, 1)),
        PRIMARY KEY (fingerprint, question)""",
        options="STRICT, WITHOUT ROWID",
    )
    _facts(
        db,
        "form_options",
        """fingerprint TEXT NOT NULL,
        question TEXT NOT NULL,
        code TEXT NOT NULL,
        position INTEGER NOT NULL,
        label TEXT NOT NULL,
        satisfied INTEGER NOT NULL CHECK (satisfied IN (0, 1)),
        PRIMARY KEY (fingerprint, question, code),
        FOREIGN KEY (fingerprint, question) REFERENCES form_questions""",
        options="STRICT, WITHOUT ROWID",
    )
    _facts(
        db,
        "unit_entries",
        """entry INTEGER PRIMARY KEY,
        unit TEXT NOT NULL,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        parent TEXT,
        successor TEXT,
        valid_from TEXT NOT NULL,
        valid_to TEXT,
        CHECK (valid_to IS NULL OR valid_to >= valid_from)""",
        "unit, valid_from",
    )
    db.execute(
        """CREATE VIEW units AS
        SELECT unit, name, kind, parent, successor, valid_from, valid_to FROM unit_entries
        WHERE entry IN (SELECT max(entry) FROM unit_entries GROUP BY unit, valid_from)"""
    )
    _facts(
        db,
        "runs",
        """run TEXT PRIMARY KEY,
        form TEXT NOT NULL,
        fingerprint TEXT NOT NULL REFERENCES forms,
        unit TEXT NOT NULL,
        period TEXT NOT NULL,
        digit INTEGER NOT NULL CHECK (digit BETWEEN 0 AND 9),
        year INTEGER NOT NULL CHECK (year BETWEEN 0 AND 99),
        first INTEGER NOT NULL CHECK (first >= 0),
        last INTEGER NOT NULL CHECK (last BETWEEN first AND 9999999),
        key BLOB NOT NULL CHECK (length(key) = 32), -- secret: makes the guard letters
        seeded INTEGER NOT NULL CHECK (seeded IN (0, 1)), -- 1: the key can be guessed, not for real use
        target TEXT NOT NULL""",
        "digit, year, last",
    )
    db.execute(
        """CREATE TRIGGER runs_never_twice BEFORE INSERT ON runs
        WHEN EXISTS (SELECT 1 FROM runs WHERE digit = NEW.digit AND year = NEW.year
                     AND last >= NEW.first AND first <= NEW.last)
        BEGIN SELECT RAISE(ABORT, 'runs: a number is never issued twice'); END"""
    )
    _facts(
        db,
        "run_ends",
        """run TEXT PRIMARY KEY REFERENCES runs,
        state TEXT NOT NULL CHECK (state IN ('issued', 'void')),
        pdf TEXT CHECK (length(pdf) = 64), -- SHA-256 of the printed file
        CHECK ((state = 'issued') = (pdf IS NOT NULL))""",
    )
    db.execute(
        """CREATE VIEW print_runs AS
        SELECT run, form, fingerprint, unit, period, digit, year, first, last, last - first + 1 AS count,
               seeded, target, coalesce(state, 'printing') AS state, pdf, at AS issued_at, by AS issued_by
        FROM runs JOIN events ON events.event = runs.event LEFT JOIN run_ends USING (run)"""
    )


@migrations()
def m003_slips(db: Database) -> None:
    """Add originals, batches, pages, readings, answers."""
    _facts(
        db,
        "originals",
        """original TEXT PRIMARY KEY CHECK (length(original) = 64), -- SHA-256 of the file
        path TEXT NOT NULL UNIQUE, -- below the workspace
        bytes INTEGER NOT NULL CHECK (bytes >= 0)""",
    )
    _facts(
        db,
        "original_ends",
        """original TEXT PRIMARY KEY REFERENCES originals,
        pages INTEGER NOT NULL CHECK (pages >= 1)""",
    )
    _facts(
        db,
        "batches",
        """batch TEXT PRIMARY KEY,
        unit TEXT, -- as told; NULL: each slip's print run says it
        period TEXT,
        expected INTEGER CHECK (expected >= 0)""",
    )
    _facts(
        db,
        "batch_files",
        """batch TEXT NOT NULL REFERENCES batches,
        original TEXT NOT NULL REFERENCES originals,
        position INTEGER NOT NULL,
        file TEXT NOT NULL, -- its name when it came in
        PRIMARY KEY (batch, original)""",
        "original",
    )
    _facts(
        db,
        "batch_ends",
        """batch TEXT PRIMARY KEY REFERENCES batches,
        root TEXT NOT NULL CHECK (length(root) = 64) -- Merkle root over its originals and pages""",
    )
    _facts(
        db,
        "pages",
        """page INTEGER PRIMARY KEY,
        batch TEXT NOT NULL REFERENCES batches,
        original TEXT NOT NULL REFERENCES originals,
        number INTEGER NOT NULL CHECK (number >= 1), -- in the original
        picture TEXT NOT NULL, -- SHA-256 of the page's picture
        outcome TEXT NOT NULL CHECK (outcome IN ('read', 'blank_back', 'rejected', 'cover')),
        reason TEXT,
        measured TEXT CHECK (measured IS NULL OR json_valid(measured)),
        UNIQUE (original, number),
        CHECK ((outcome = 'rejected') = (reason IS NOT NULL))""",
        "batch",
    )
    _facts(
        db,
        "readings",
        """reading INTEGER PRIMARY KEY,
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
        streaks TEXT CHECK (streaks IS NULL OR json_valid(streaks)) -- [first px, last px, is column] each""",
        "page",
        "serial",
        "run, number",
        "period, unit, run, number",
    )
    _facts(
        db,
        "attributions",
        """attribution INTEGER PRIMARY KEY,
        reading INTEGER NOT NULL REFERENCES readings,
        unit TEXT NOT NULL, -- that the slip counts for from then on
        period TEXT NOT NULL""",
        "reading, attribution",
        "period",
    )
    _facts(
        db,
        "set_aside",
        """reading INTEGER PRIMARY KEY REFERENCES readings,
        reason TEXT NOT NULL CHECK (reason IN (
            'same_image', 'same_sheet', 'duplicate_other_image',
            'other_unit', 'other_period', 'spoiled', 'period_closed')),
        other INTEGER REFERENCES readings -- the one of the same serial that came first""",
    )
    _facts(
        db,
        "doubts",
        # The slip counts, but a person should look at the whole of it.
        """reading INTEGER NOT NULL REFERENCES readings,
        reason TEXT NOT NULL, -- two_fiducials, text_only, few_answers, no_stamp
        PRIMARY KEY (reading, reason)""",
        options="STRICT, WITHOUT ROWID",
    )
    _facts(
        db,
        "comments",
        """reading INTEGER NOT NULL REFERENCES readings, -- only where somebody wrote
        question TEXT NOT NULL,
        ink_mm2 REAL NOT NULL,
        corners_px TEXT NOT NULL CHECK (json_valid(corners_px)), -- of the picture to cut out
        PRIMARY KEY (reading, question)""",
        options="STRICT, WITHOUT ROWID",
    )
    _facts(
        db,
        "decidings",
        """deciding INTEGER PRIMARY KEY,
        reading INTEGER NOT NULL REFERENCES readings,
        calibration TEXT NOT NULL,
        overall INTEGER NOT NULL CHECK (overall IN (0, 1)), -- whether the overall question may have an answer
        verdicts TEXT NOT NULL CHECK (json_valid(verdicts)) -- of all boxes that are not plainly blank""",
        "reading, deciding",
    )
    db.execute("CREATE INDEX decidings_without_overall ON decidings (reading) WHERE overall = 0")
    _facts(
        db,
        "answers",
        """deciding INTEGER NOT NULL REFERENCES decidings,
        question TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('answered', 'no_answer', 'multiple', 'doubtful')),
        codes TEXT NOT NULL, -- divided by blanks
        confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
        PRIMARY KEY (deciding, question)""",
        options="STRICT, WITHOUT ROWID",
    )
    db.execute("CREATE INDEX answers_doubtful ON answers (deciding, question) WHERE state = 'doubtful'")


@migrations()
def m004_decisions(db: Database) -> None:
    """Add what people decide: the latest on a thing counts, 'withdrawn' gives it back to the queue."""
    _facts(
        db,
        "decided_answers",
        """decision INTEGER PRIMARY KEY,
        reading INTEGER NOT NULL REFERENCES readings,
        question TEXT NOT NULL,
        state TEXT NOT NULL
            CHECK (state IN ('answered', 'no_answer', 'multiple', 'doubtful', 'withdrawn')),
        codes TEXT NOT NULL""",
        "reading, question, decision",
    )
    _facts(
        db,
        "decided_slips",
        """decision INTEGER PRIMARY KEY,
        reading INTEGER NOT NULL REFERENCES readings,
        outcome TEXT NOT NULL CHECK (outcome IN ('counts', 'invalid', 'refused', 'void', 'withdrawn')),
        reason TEXT, -- a code of validity.toml
        CHECK ((outcome = 'invalid') = (reason IS NOT NULL))""",
        "reading, decision",
    )
    _facts(
        db,
        "decided_pages",
        """decision INTEGER PRIMARY KEY,
        page INTEGER NOT NULL REFERENCES pages,
        outcome TEXT NOT NULL
            CHECK (outcome IN ('serial', 'invalid', 'not_a_slip', 'rescanned', 'withdrawn')),
        serial TEXT,
        reason TEXT,
        CHECK ((outcome = 'serial') = (serial IS NOT NULL)),
        CHECK ((outcome = 'invalid') = (reason IS NOT NULL))""",
        "page, decision",
    )
    # One row per reading and where it stands: what counts is decided by people before rules.
    db.execute(
        """CREATE VIEW slips AS
        SELECT readings.reading, readings.serial, form, fingerprint, readings.run, readings.number,
               coalesce(attributed_unit, readings.unit) AS unit,
               coalesce(attributed_period, readings.period) AS period,
               batch, readings.page, pages.original, pages.number AS page_number,
               CASE WHEN outcome_by_hand IN ('counts', 'invalid') THEN 'counts'
                    WHEN outcome_by_hand = 'refused' THEN 'refused'
                    WHEN set_aside.reason IS NULL THEN 'counts'
                    WHEN set_aside.reason IN ('same_image', 'same_sheet') THEN 'duplicate'
                    ELSE 'held' END AS standing,
               CASE WHEN outcome_by_hand IN ('counts', 'invalid') THEN 0
                    WHEN outcome_by_hand = 'refused' THEN 2
                    WHEN set_aside.reason IS NULL THEN 0
                    WHEN set_aside.reason IN ('same_image', 'same_sheet') THEN 2
                    ELSE 1 END AS rank, -- of two slips with one serial, the lower is shown
               set_aside.reason AS set_aside, set_aside.other,
               outcome_by_hand, reason_by_hand
        FROM readings
        JOIN runs USING (run)
        JOIN pages USING (page)
        LEFT JOIN set_aside USING (reading)
        LEFT JOIN (
            SELECT reading AS attributed_reading, unit AS attributed_unit, period AS attributed_period
            FROM attributions
            WHERE attribution IN (SELECT max(attribution) FROM attributions GROUP BY reading)
        ) ON attributed_reading = readings.reading
        LEFT JOIN (
            SELECT reading AS decided_reading, outcome AS outcome_by_hand, reason AS reason_by_hand
            FROM decided_slips
            WHERE decision IN (SELECT max(decision) FROM decided_slips GROUP BY reading)
        ) ON decided_reading = readings.reading
        WHERE outcome_by_hand IS NOT 'void' -- a serial that was typed wrong was never here"""
    )
    # All others are valid and count where they were read to belong: what is counted by the million.
    db.execute(
        """CREATE VIEW exceptional AS
        SELECT reading FROM set_aside
        UNION SELECT reading FROM attributions
        UNION SELECT reading FROM decided_slips
        UNION SELECT reading FROM decided_answers
        UNION SELECT reading FROM decidings WHERE overall = 0"""
    )
    db.execute(
        """CREATE VIEW current_answers AS
        SELECT decidings.reading, answers.question,
               coalesce(hand.state, answers.state) AS state,
               coalesce(hand.codes, answers.codes) AS codes,
               CASE WHEN hand.decision IS NULL THEN answers.confidence ELSE 1.0 END AS confidence,
               coalesce(hand_event.by, 'machine') AS by
        FROM decidings
        JOIN answers USING (deciding)
        LEFT JOIN decided_answers AS hand ON hand.decision = (
            SELECT max(decision) FROM decided_answers AS any_hand
            WHERE any_hand.reading = decidings.reading AND any_hand.question = answers.question
        ) AND hand.state <> 'withdrawn'
        LEFT JOIN events AS hand_event ON hand_event.event = hand.event
        WHERE decidings.deciding = (
            SELECT max(deciding) FROM decidings AS any_deciding
            WHERE any_deciding.reading = decidings.reading
        )"""
    )
    # What waits for a person, the most urgent first; names of items as in records/review/queue.py.
    db.execute(
        """CREATE VIEW waiting AS
        SELECT 'H' || reading AS item, 'held' AS kind, set_aside AS reason, 0 AS urgency,
               batch, original, page, page_number, reading, serial, form, fingerprint, unit, period,
               NULL AS question, NULL AS confidence, other
        FROM slips WHERE standing = 'held'
        UNION ALL
        SELECT 'S' || reading, 'slip', doubts.reason, 1,
               batch, original, page, page_number, reading, serial, form, fingerprint, unit, period,
               NULL, NULL, NULL
        FROM doubts JOIN slips USING (reading)
        WHERE standing = 'counts' AND coalesce(outcome_by_hand, 'withdrawn') = 'withdrawn'
        UNION ALL
        SELECT 'P' || page, 'page', reason, 2,
               batch, original, page, number, NULL, NULL, NULL, NULL, NULL, NULL,
               NULL, NULL, NULL
        FROM pages
        WHERE pages.outcome = 'rejected' AND coalesce((
            SELECT decided_pages.outcome FROM decided_pages WHERE decided_pages.page = pages.page
            ORDER BY decision DESC LIMIT 1), 'withdrawn') = 'withdrawn'
        UNION ALL
        SELECT 'A' || reading || '-' || answers.question, 'answer', 'doubtful',
               CASE WHEN form_questions.overall THEN 1 WHEN core THEN 3 ELSE 4 END,
               batch, original, page, page_number, reading, serial,
               slips.form, slips.fingerprint, unit, period,
               answers.question, answers.confidence, NULL
        FROM answers
        JOIN decidings USING (deciding)
        JOIN slips USING (reading)
        JOIN form_questions
          ON form_questions.fingerprint = slips.fingerprint AND form_questions.question = answers.question
        WHERE answers.state = 'doubtful' AND standing = 'counts' AND reason_by_hand IS NULL
          AND deciding = (SELECT max(deciding) FROM decidings AS any_deciding
                          WHERE any_deciding.reading = decidings.reading)
          AND coalesce((
              SELECT state FROM decided_answers
              WHERE decided_answers.reading = decidings.reading
                AND decided_answers.question = answers.question
              ORDER BY decision DESC LIMIT 1), 'withdrawn') = 'withdrawn'"""
    )
    db.execute("CREATE INDEX pages_rejected ON pages (page) WHERE outcome = 'rejected'")


@migrations()
def m005_stock(db: Database) -> None:
    """Add the life of serials after printing, and the closing of periods."""
    _facts(
        db,
        "hand_overs",
        """hand_over INTEGER PRIMARY KEY,
        run TEXT NOT NULL REFERENCES runs,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL CHECK (last >= first),
        unit TEXT NOT NULL, -- that received them
        period TEXT NOT NULL""",
    )
    _facts(
        db,
        "spoilings",
        """spoiling INTEGER PRIMARY KEY,
        run TEXT NOT NULL REFERENCES runs,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL CHECK (last >= first),
        unit TEXT NOT NULL, -- that had them
        period TEXT NOT NULL""",
        "run",
    )
    _facts(
        db,
        "stock_counts",
        """stock_count INTEGER PRIMARY KEY, -- the latest of a unit, form and period counts
        unit TEXT NOT NULL,
        form TEXT NOT NULL,
        period TEXT NOT NULL""",
    )
    _facts(
        db,
        "stock_ranges",
        """stock_count INTEGER NOT NULL REFERENCES stock_counts,
        run TEXT NOT NULL REFERENCES runs,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL CHECK (last >= first),
        PRIMARY KEY (stock_count, run, first)""",
        options="STRICT, WITHOUT ROWID",
    )
    _facts(
        db,
        "period_states",
        """period_state INTEGER PRIMARY KEY,
        period TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('closed', 'adjusting')),
        figures TEXT CHECK (figures IS NULL OR json_valid(figures)), -- as they stood at closing
        CHECK ((state = 'closed') = (figures IS NOT NULL))""",
        "period, period_state",
    )


@migrations()
def m006_transcripts(db: Database) -> None:
    """Comments that somebody typed, personal data already masked; the handwriting stays in the original."""
    _facts(
        db,
        "transcripts",
        """transcript INTEGER PRIMARY KEY, -- the latest of a comment counts
        reading INTEGER NOT NULL REFERENCES readings,
        question TEXT NOT NULL,
        topic TEXT NOT NULL, -- see records/review/transcripts.py
        text TEXT NOT NULL, -- masked; empty where nothing can be read
        folded TEXT NOT NULL -- the same without diacritics and capitals, đ as d: for searching""",
        "reading, question, transcript",
    )


@migrations()
def m007_audit_by_hand(db: Database) -> None:
    """Add public draws of slips, and what people keyed from their paper."""
    _facts(
        db,
        "audit_draws",
        """draw INTEGER PRIMARY KEY, -- the latest of a period counts
        period TEXT NOT NULL,
        seed TEXT NOT NULL,
        points TEXT NOT NULL, -- a fraction: per cent points the satisfied share may be too high
        satisfied INTEGER NOT NULL,
        answered INTEGER NOT NULL CHECK (answered >= satisfied),
        slips INTEGER NOT NULL,
        population TEXT NOT NULL CHECK (length(population) = 64) -- SHA-256 over what was counted""",
        "period",
    )
    _facts(
        db,
        "drawn_slips",
        """draw INTEGER NOT NULL REFERENCES audit_draws,
        position INTEGER NOT NULL, -- by ticket
        serial TEXT NOT NULL,
        fingerprint TEXT NOT NULL REFERENCES forms,
        valid INTEGER NOT NULL CHECK (valid IN (0, 1)),
        said TEXT NOT NULL CHECK (json_valid(said)), -- as counted when it was drawn
        PRIMARY KEY (draw, serial)""",
        options="STRICT, WITHOUT ROWID",
    )
    _facts(
        db,
        "rekeyed_slips",
        """rekeyed INTEGER PRIMARY KEY, -- the latest of a draw and serial counts
        draw INTEGER NOT NULL,
        serial TEXT NOT NULL,
        paper TEXT NOT NULL CHECK (paper IN ('ok', 'invalid', 'missing')),
        said TEXT NOT NULL CHECK (json_valid(said)),
        FOREIGN KEY (draw, serial) REFERENCES drawn_slips""",
        "draw, serial, rekeyed",
    )


@migrations()
def m008_beside_paper(db: Database) -> None:
    """Add visits at the counters, and the answers of the electronic form."""
    _facts(
        db,
        "visit_counts",
        """visit_count INTEGER PRIMARY KEY, -- the latest of a unit and period counts
        unit TEXT NOT NULL,
        period TEXT NOT NULL,
        visits INTEGER NOT NULL CHECK (visits >= 0)""",
        "period, unit, visit_count",
    )
    db.execute(
        """CREATE VIEW visits AS
        SELECT unit, period, visits FROM visit_counts
        WHERE visit_count IN (SELECT max(visit_count) FROM visit_counts GROUP BY unit, period)"""
    )
    _facts(
        db,
        "electronic_slips",
        """response INTEGER PRIMARY KEY,
        form TEXT NOT NULL,
        fingerprint TEXT NOT NULL REFERENCES forms,
        name TEXT NOT NULL, -- the form tool's own, or the hash of its row: tells a second import
        digest TEXT NOT NULL CHECK (length(digest) = 64), -- of what it says
        unit TEXT NOT NULL,
        period TEXT NOT NULL,
        day TEXT NOT NULL, -- on which it was sent, as far as the file tells, else ''
        file TEXT NOT NULL""",
        "period, unit",
    )
    db.execute("CREATE UNIQUE INDEX electronic_slips_name ON electronic_slips (form, name)")
    _facts(
        db,
        "electronic_answers",
        """response INTEGER NOT NULL REFERENCES electronic_slips,
        question TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('answered', 'no_answer', 'multiple')),
        codes TEXT NOT NULL, -- divided by blanks
        PRIMARY KEY (response, question)""",
        options="STRICT, WITHOUT ROWID",
    )
    _facts(
        db,
        "electronic_comments",
        """response INTEGER NOT NULL REFERENCES electronic_slips,
        question TEXT NOT NULL,
        text TEXT NOT NULL, -- masked
        folded TEXT NOT NULL, -- as in transcripts
        PRIMARY KEY (response, question)""",
        options="STRICT, WITHOUT ROWID",
    )


@migrations()
def m009_questions(db: Database) -> None:
    """Add the views that answer questions without a manual: docs/database.md, with examples."""
    # The same rules as in records/counts/validity.py; tests hold the two to each other.
    said = "(state = 'answered' OR (state = 'doubtful' AND by = 'machine'))"
    judged = """SELECT CASE
            WHEN max(said) = 0 THEN 'KHL5'
            WHEN max(said AND overall) = 0 AND sum(core AND NOT said) > 0.5 * sum(core) THEN 'KHL5' END
        FROM ({answers})"""
    on_paper = f"""
        SELECT overall, core, coalesce((
            SELECT {said} FROM current_answers
            WHERE current_answers.reading = slips.reading
              AND current_answers.question = form_questions.question), 0) AS said
        FROM form_questions WHERE form_questions.fingerprint = slips.fingerprint AND kind <> 'text'"""
    online = """
        SELECT overall, core, coalesce((
            SELECT state = 'answered' FROM electronic_answers
            WHERE electronic_answers.response = electronic_slips.response
              AND electronic_answers.question = form_questions.question), 0) AS said
        FROM form_questions
        WHERE form_questions.fingerprint = electronic_slips.fingerprint AND kind <> 'text'"""
    db.execute(
        f"""CREATE VIEW returned_slips AS
        SELECT channel, slip, reading, response, form, fingerprint, run, unit, period, batch, reason,
               CASE WHEN standing = 'held' THEN 'held' WHEN reason IS NULL THEN 'valid' ELSE 'invalid' END
               AS state
        FROM (
            SELECT 'paper' AS channel, serial AS slip, reading, NULL AS response,
                   form, fingerprint, run, unit, period, batch, standing,
                   CASE WHEN reason_by_hand IS NOT NULL THEN reason_by_hand
                        WHEN standing <> 'counts' THEN CASE
                            WHEN set_aside IN ('other_unit', 'other_period', 'period_closed') THEN 'KHL7'
                            WHEN set_aside = 'spoiled' THEN 'KHL6'
                            ELSE 'KHL3' END
                        WHEN reading IN (SELECT reading FROM exceptional)
                            THEN ({judged.format(answers=on_paper)})
                   END AS reason
            FROM slips
            WHERE (rank = 0 OR NOT EXISTS (
                SELECT 1 FROM slips AS better
                WHERE better.serial = slips.serial
                  AND (better.rank, better.reading) < (slips.rank, slips.reading)))
              AND (standing = 'counts' OR coalesce(set_aside, '') NOT IN ('spoiled', 'period_closed'))
            UNION ALL
            SELECT 'electronic', 'E' || response, NULL, response,
                   form, fingerprint, NULL, unit, period, NULL, 'counts', ({judged.format(answers=online)})
            FROM electronic_slips
        )"""
    )
    db.execute(
        """CREATE VIEW counted_answers AS
        SELECT channel, slip, unit, period, form, forms.field, given.question, form_questions.text,
               factor, core, overall, given.state, code, label, satisfied, given.by
        FROM (
            SELECT channel, slip, unit, period, form, fingerprint, question, current_answers.state, codes, by
            FROM returned_slips JOIN current_answers USING (reading)
            WHERE returned_slips.state = 'valid'
            UNION ALL
            SELECT channel, slip, unit, period, form, fingerprint, question, electronic_answers.state, codes,
                   'respondent'
            FROM returned_slips JOIN electronic_answers USING (response)
            WHERE returned_slips.state = 'valid'
        ) AS given
        JOIN forms USING (fingerprint, form)
        JOIN form_questions USING (fingerprint, question)
        LEFT JOIN form_options
          ON form_options.fingerprint = given.fingerprint AND form_options.question = given.question
         AND given.state = 'answered' AND instr(' ' || codes || ' ', ' ' || code || ' ') > 0"""
    )
    db.execute(
        """CREATE VIEW typed_comments AS
        SELECT 'paper' AS channel, unit, form, period, topic, text, folded
        FROM transcripts JOIN slips USING (reading)
        WHERE text <> '' AND standing = 'counts' AND transcript IN (
            SELECT max(transcript) FROM transcripts GROUP BY reading, question)
        UNION ALL
        SELECT 'electronic', unit, form, period, NULL, text, folded
        FROM electronic_comments JOIN electronic_slips USING (response)"""
    )


@migrations()
def m010_rules(db: Database) -> None:
    """Add to each closing by which version of the rules of validity it was judged."""
    db.execute("ALTER TABLE period_states ADD COLUMN rules TEXT")


def _rewrite_view(db: Database, view: str, old: str, new: str) -> None:
    """Make a view again as it stands, with one text in place of another."""
    (sql,) = db.execute("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?", [view]).fetchone()
    db.execute(f"DROP VIEW {view}")
    db.execute(sql.replace(old, new))


@migrations()
def m011_withdrawn_imports(db: Database) -> None:
    """Add the counter-act of an electronic import, and when a response was sent.

    Which responses are one is told by what they say (records/exchange/known_responses.py): a
    tool's ids begin again with every form, and a withdrawn file may come in again.
    """
    db.execute("ALTER TABLE electronic_slips ADD COLUMN moment TEXT")  # 2026-11-05T08:20:01, as exact as told
    db.execute("DROP INDEX electronic_slips_name")
    db.execute("CREATE INDEX electronic_slips_event ON electronic_slips (event)")
    db.execute("CREATE INDEX electronic_slips_form ON electronic_slips (form)")
    _facts(db, "withdrawn_imports", "imported INTEGER PRIMARY KEY REFERENCES events")
    db.execute(
        """CREATE VIEW current_responses AS
        SELECT * FROM electronic_slips
        WHERE electronic_slips.event NOT IN (SELECT imported FROM withdrawn_imports)"""
    )
    _rewrite_view(db, "returned_slips", "FROM electronic_slips", "FROM current_responses AS electronic_slips")
    _rewrite_view(
        db,
        "typed_comments",
        "FROM electronic_comments JOIN electronic_slips USING",
        "FROM electronic_comments JOIN current_responses USING",
    )


@migrations()
def m012_restorations(db: Database) -> None:
    """Add that a register came back from a backup, and which numbers it must not issue any more."""
    _facts(
        db,
        "restorations",
        """restoration INTEGER PRIMARY KEY,
        backup_at TEXT NOT NULL, -- when the backup was made, UTC
        head TEXT NOT NULL -- hash of its newest event, '' without one""",
    )
    _facts(
        db,
        "skipped_numbers",
        """restoration INTEGER NOT NULL REFERENCES restorations,
        digit INTEGER NOT NULL CHECK (digit BETWEEN 0 AND 9),
        year INTEGER NOT NULL CHECK (year BETWEEN 0 AND 99),
        last INTEGER NOT NULL CHECK (last BETWEEN 1 AND 9999999), -- up to here, numbers may be on paper
        PRIMARY KEY (restoration, digit, year)""",
        options="STRICT, WITHOUT ROWID",
    )
    db.execute(
        """CREATE VIEW used_numbers AS
        SELECT digit, year, last FROM runs UNION ALL SELECT digit, year, last FROM skipped_numbers"""
    )
