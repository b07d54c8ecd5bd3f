-- The views: what counts today, over facts that only grow. Declared here once; a database whose views
-- were made from another text of this file gets them anew when it is opened (schema.py).

-- The latest entry of each unit and day counts.
CREATE VIEW units AS
SELECT unit, name, kind, parent, successor, valid_from, valid_to FROM unit_entries
WHERE entry IN (SELECT max(entry) FROM unit_entries GROUP BY unit, valid_from);

-- A run that has no end is being printed, or its printing was interrupted.
CREATE VIEW print_runs AS
SELECT run, form, fingerprint, unit, period, digit, year, first, last, last - first + 1 AS count,
       seeded, target, coalesce(state, 'printing') AS state, pdf, at AS issued_at, by AS issued_by
FROM runs JOIN events ON events.event = runs.event LEFT JOIN run_ends USING (run);

-- What was measured in each slip: as it was read, or as it was measured again last.
CREATE VIEW measured AS
SELECT reading, coalesce((
    SELECT marks FROM measurings WHERE measurings.reading = readings.reading ORDER BY measuring DESC LIMIT 1),
    marks) AS marks
FROM readings;

-- Batches that somebody took back, and that nobody gave back since.
CREATE VIEW withdrawn_batches AS
SELECT batch FROM batch_withdrawals
WHERE withdrawn AND withdrawal IN (SELECT max(withdrawal) FROM batch_withdrawals GROUP BY batch);

-- What was told of each batch, as it was corrected last.
CREATE VIEW told_batches AS
SELECT batches.batch, batches.event,
       CASE WHEN correction IS NULL THEN batches.unit ELSE batch_corrections.unit END AS unit,
       CASE WHEN correction IS NULL THEN batches.period ELSE batch_corrections.period END AS period,
       CASE WHEN correction IS NULL THEN batches.expected ELSE batch_corrections.expected END AS expected
FROM batches LEFT JOIN batch_corrections ON correction = (
    SELECT max(correction) FROM batch_corrections AS any_correction
    WHERE any_correction.batch = batches.batch);

-- Each page that was read as it stands by itself: where it counts, and whether.
CREATE VIEW read_pages AS
SELECT standing_readings.reading, standing_readings.serial, form, fingerprint,
       coalesce(form_page, 1) AS form_page, standing_readings.run, standing_readings.number,
       coalesce(attributed_unit, standing_readings.unit) AS unit,
       coalesce(attributed_period, standing_readings.period) AS period,
       batch, standing_readings.page, pages.original, pages.number AS page_number,
       CASE WHEN outcome_by_hand IN ('counts', 'invalid') THEN 'counts'
            WHEN outcome_by_hand = 'refused' THEN 'refused'
            WHEN aside IS NULL THEN 'counts'
            WHEN aside IN ($surely_again) THEN 'duplicate'
            ELSE 'held' END AS standing,
       CASE WHEN outcome_by_hand IN ('counts', 'invalid') THEN 0
            WHEN outcome_by_hand = 'refused' THEN 2
            WHEN aside IS NULL THEN 0
            WHEN aside IN ($surely_again) THEN 2
            ELSE 1 END AS rank, -- of two slips with one serial, the lower is shown
       aside AS set_aside, other,
       outcome_by_hand, reason_by_hand, although
FROM (
    -- What intake said of it, unless it was decided again since: 'none' is that it counts by itself.
    SELECT readings.*, nullif(coalesce(again_reason, set_aside.reason), 'none') AS aside,
           CASE WHEN again_reason IS NULL THEN set_aside.other ELSE again_other END AS other
    FROM readings
    LEFT JOIN set_aside USING (reading)
    LEFT JOIN (
        SELECT reading AS again_reading, reason AS again_reason, other AS again_other
        FROM restandings
        WHERE restanding IN (SELECT max(restanding) FROM restandings GROUP BY reading)
    ) ON again_reading = readings.reading
) AS standing_readings
JOIN runs USING (run)
JOIN pages USING (page)
LEFT JOIN (
    SELECT reading AS attributed_reading, unit AS attributed_unit, period AS attributed_period
    FROM attributions
    WHERE attribution IN (SELECT max(attribution) FROM attributions GROUP BY reading)
) ON attributed_reading = standing_readings.reading
LEFT JOIN (
    SELECT reading AS decided_reading, outcome AS outcome_by_hand, reason AS reason_by_hand, although
    FROM decided_slips
    -- What one person said alone is in force once another says the same.
    WHERE decision IN (SELECT max(decision) FROM decided_slips WHERE alone IS NULL GROUP BY reading)
) ON decided_reading = standing_readings.reading
WHERE outcome_by_hand IS NOT 'void' -- a serial that was typed wrong was never here
  AND batch NOT IN (SELECT batch FROM withdrawn_batches);

-- Questionnaires of several pages of which some are not there, or do not count, and that nobody let count
-- all the same; `lead` is the reading under which the questionnaire is counted and asked about.
CREATE VIEW incomplete AS
SELECT serial, fingerprint, pages, min(reading) AS lead, count(DISTINCT form_page) AS there
FROM form_pages CROSS JOIN runs USING (fingerprint) CROSS JOIN read_pages USING (run, fingerprint)
WHERE standing = 'counts'
GROUP BY serial HAVING count(DISTINCT form_page) < pages AND count(although) = 0;

-- Each reading as people see it. A page of a questionnaire that is not complete waits with the others.
CREATE VIEW slips AS
SELECT reading, serial, form, fingerprint, form_page, run, number, unit, period, batch, page, original,
       page_number,
       CASE WHEN (fingerprint IN (SELECT fingerprint FROM form_pages) AND standing = 'counts' AND reason_by_hand IS NULL
           AND serial IN (SELECT serial FROM incomplete))
       THEN 'held' ELSE standing END AS standing,
       CASE WHEN (fingerprint IN (SELECT fingerprint FROM form_pages) AND standing = 'counts' AND reason_by_hand IS NULL
           AND serial IN (SELECT serial FROM incomplete))
       THEN 1 ELSE rank END AS rank,
       CASE WHEN (fingerprint IN (SELECT fingerprint FROM form_pages) AND standing = 'counts' AND reason_by_hand IS NULL
           AND serial IN (SELECT serial FROM incomplete))
       THEN 'pages_missing' ELSE set_aside END AS set_aside,
       other, outcome_by_hand,
       -- What makes one page invalid makes the questionnaire so.
       CASE WHEN fingerprint IN (SELECT fingerprint FROM form_pages) THEN coalesce(reason_by_hand, (
           SELECT min(others.reason_by_hand) FROM read_pages AS others WHERE others.serial = read_pages.serial))
       ELSE reason_by_hand END AS reason_by_hand,
       fingerprint IN (SELECT fingerprint FROM form_pages) AS several -- whether it is one of several pages
FROM read_pages;

-- The other pages of the questionnaire that a reading belongs to, of each the reading that counts.
CREATE VIEW further_pages AS
SELECT this.reading, slips.reading AS page_reading, slips.form_page
FROM readings AS this JOIN runs USING (run) JOIN form_pages USING (fingerprint)
JOIN slips ON slips.serial = this.serial AND slips.form_page <> coalesce(this.form_page, 1)
WHERE NOT EXISTS (
    SELECT 1 FROM slips AS better
    WHERE better.serial = slips.serial AND better.form_page = slips.form_page
      AND (better.rank, better.reading) < (slips.rank, slips.reading));

-- Readings that the rules of validity must look at, or that do not count at all; all others are valid.
CREATE VIEW exceptional AS
SELECT reading FROM set_aside
UNION SELECT reading FROM restandings
UNION SELECT reading FROM attributions
UNION SELECT reading FROM decided_slips
UNION SELECT reading FROM decided_answers
UNION SELECT reading FROM decidings WHERE overall = 0
UNION SELECT reading FROM incomplete JOIN readings USING (serial)
UNION SELECT reading FROM withdrawn_batches JOIN pages USING (batch) JOIN readings USING (page);

-- What each question says today: the latest decision, else the machine's last deciding.
CREATE VIEW current_answers AS
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
);

-- The pages that gave no slip and are no backs: rejected, or blank where no back is expected.
CREATE VIEW unread_pages AS
SELECT page, batch, original, number, reason FROM pages WHERE outcome = 'rejected'
UNION ALL
SELECT page, batch, original, number, 'blank_alone' FROM lone_blanks JOIN pages USING (page);

-- What a questionnaire says, under each of its readings: of a form with one page its current answers.
CREATE VIEW questionnaire_answers AS
SELECT reading, question, state, codes, confidence, by FROM current_answers
UNION ALL
SELECT further_pages.reading, question, state, codes, confidence, by
FROM further_pages JOIN current_answers ON current_answers.reading = further_pages.page_reading;

-- Answers that are in no denominator: "not applicable" was marked, or the question was to be skipped.
-- The same rules as in records/counts/applying.py; tests hold the two to each other. Most forms have
-- neither, so who asks names the form.
CREATE VIEW unasked_on_paper AS
SELECT fingerprint, reading, question FROM form_options JOIN questionnaire_answers USING (question)
WHERE applies = 0 AND state = 'answered' AND instr(' ' || codes || ' ', ' ' || code || ' ') > 0
UNION
SELECT fingerprint, this.reading, form_conditions.question FROM form_conditions
JOIN questionnaire_answers AS this ON this.question = form_conditions.question
JOIN questionnaire_answers AS earlier ON earlier.reading = this.reading AND earlier.question = before
WHERE this.state IN ('answered', 'no_answer') AND earlier.state = 'answered'
  AND instr(' ' || form_conditions.codes || ' ', ' ' || earlier.codes || ' ') = 0;

CREATE VIEW unasked_online AS
SELECT fingerprint, response, question FROM form_options JOIN electronic_answers USING (question)
WHERE applies = 0 AND state = 'answered' AND instr(' ' || codes || ' ', ' ' || code || ' ') > 0
UNION
SELECT fingerprint, this.response, form_conditions.question FROM form_conditions
JOIN electronic_answers AS this ON this.question = form_conditions.question
JOIN electronic_answers AS earlier ON earlier.response = this.response AND earlier.question = before
WHERE this.state IN ('answered', 'no_answer') AND earlier.state = 'answered'
  AND instr(' ' || form_conditions.codes || ' ', ' ' || earlier.codes || ' ') = 0;

-- Rankings in which not every rank is known to stand once: their ranks are in no figure. The same rule as
-- in records/counts/applying.py, and the same tests.
CREATE VIEW ranked_questions AS
SELECT fingerprint, question, ranking,
       (SELECT count(*) FROM form_options
        WHERE form_options.fingerprint = form_questions.fingerprint
          AND form_options.question = form_questions.question) AS ranks
FROM form_questions WHERE ranking IS NOT NULL;

CREATE VIEW broken_rankings_on_paper AS
SELECT fingerprint, reading, ranking
FROM ranked_questions JOIN questionnaire_answers USING (question)
GROUP BY fingerprint, reading, ranking
HAVING sum(state = 'answered') <> max(ranks)
    OR count(DISTINCT CASE WHEN state = 'answered' THEN codes END) <> max(ranks);

CREATE VIEW broken_rankings_online AS
SELECT fingerprint, response, ranking
FROM ranked_questions JOIN electronic_answers USING (question)
GROUP BY fingerprint, response, ranking
HAVING sum(state = 'answered') <> max(ranks)
    OR count(DISTINCT CASE WHEN state = 'answered' THEN codes END) <> max(ranks);

-- What waits for a person.
CREATE VIEW waiting AS
SELECT 'H' || reading AS item, 'held' AS kind, set_aside AS reason, 0 AS urgency,
       batch, original, page, page_number, reading, serial, form, fingerprint, unit, period,
       NULL AS question, NULL AS confidence, other
FROM slips WHERE standing = 'held'
  -- What is held was set aside at some time, or lacks pages: a list to go by, instead of all slips of a year.
  AND reading IN (SELECT reading FROM set_aside UNION SELECT reading FROM restandings
                  UNION SELECT lead FROM incomplete)
  AND (set_aside <> 'pages_missing' OR reading IN (SELECT lead FROM incomplete))
UNION ALL
SELECT 'S' || reading, 'slip', doubts.reason, 1,
       batch, original, page, page_number, reading, serial, form, fingerprint, unit, period,
       NULL, NULL, NULL
FROM doubts JOIN slips USING (reading)
WHERE standing = 'counts' AND coalesce(outcome_by_hand, 'withdrawn') = 'withdrawn'
  -- Few answers are no question any more once a person has said what every doubtful one is.
  AND NOT (doubts.reason = 'few_answers'
      AND EXISTS (SELECT 1 FROM decided_answers
                  WHERE decided_answers.reading = slips.reading AND decided_answers.state <> 'withdrawn')
      AND NOT EXISTS (SELECT 1 FROM current_answers
                      WHERE current_answers.reading = slips.reading
                        AND current_answers.state = 'doubtful' AND current_answers.by = 'machine'))
UNION ALL
SELECT 'P' || page, 'page', reason, 2,
       batch, original, page, number, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL, NULL, NULL
FROM unread_pages
WHERE coalesce((
    SELECT decided_pages.outcome FROM decided_pages
    WHERE decided_pages.page = unread_pages.page AND alone IS NULL
    ORDER BY decision DESC LIMIT 1), 'withdrawn') = 'withdrawn'
  AND batch NOT IN (SELECT batch FROM withdrawn_batches)
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
      ORDER BY decision DESC LIMIT 1), 'withdrawn') = 'withdrawn';

-- The latest count of a unit and period that nobody withdrew counts.
CREATE VIEW visits AS
SELECT unit, period, visits FROM visit_counts
WHERE visit_count IN (
    SELECT max(visit_count) FROM visit_counts
    WHERE visit_count NOT IN (SELECT visit_count FROM withdrawn_visit_counts) GROUP BY unit, period);

-- Responses of imports that nobody withdrew.
CREATE VIEW current_responses AS
SELECT * FROM electronic_slips
WHERE electronic_slips.event NOT IN (SELECT imported FROM withdrawn_imports);

-- Every slip that came back, on paper or online, and whether it counts. The same rules as in
-- records/counts/validity.py; tests hold the two to each other.
CREATE VIEW returned_slips AS
SELECT channel, slip, reading, response, form, fingerprint, run, unit, period, batch, reason,
       CASE WHEN standing = 'held' THEN 'held' WHEN reason IS NULL THEN 'valid' ELSE 'invalid' END
       AS state
FROM (
    SELECT 'paper' AS channel, serial AS slip, reading, NULL AS response,
           form, fingerprint, run, unit, period, batch, standing,
           CASE WHEN reason_by_hand IS NOT NULL THEN reason_by_hand
                WHEN standing <> 'counts' THEN CASE set_aside $rules_while_aside END
                WHEN reading IN (SELECT reading FROM exceptional)
                    THEN (SELECT CASE
    WHEN max(said) = 0 THEN 'KHL5'
    WHEN max(said AND overall) = 0 AND sum(asked AND NOT said) > 0.5 * sum(asked) THEN 'KHL5' END
FROM (
SELECT overall, coalesce((
    SELECT (state = 'answered' OR (state = 'doubtful' AND by = 'machine'))
    FROM questionnaire_answers AS given
    WHERE given.reading = slips.reading AND given.question = form_questions.question), 0) AS said,
    core AND NOT EXISTS (
        SELECT 1 FROM unasked_on_paper AS unasked
        WHERE unasked.reading = slips.reading AND unasked.fingerprint = slips.fingerprint
          AND unasked.question = form_questions.question) AS asked
FROM form_questions WHERE form_questions.fingerprint = slips.fingerprint AND kind <> 'text'))
           END AS reason
    FROM slips
    WHERE (rank = 0 AND NOT several OR NOT EXISTS (
        SELECT 1 FROM slips AS better
        WHERE better.serial = slips.serial
          AND (better.rank, better.reading) < (slips.rank, slips.reading)))
      AND (standing = 'counts' OR coalesce(set_aside, '') NOT IN ($not_returned))
    UNION ALL
    SELECT 'electronic', 'E' || response, NULL, response,
           form, fingerprint, NULL, unit, period, NULL, 'counts', (SELECT CASE
    WHEN max(said) = 0 THEN 'KHL5'
    WHEN max(said AND overall) = 0 AND sum(asked AND NOT said) > 0.5 * sum(asked) THEN 'KHL5' END
FROM (
SELECT overall, coalesce((
    SELECT state = 'answered' FROM electronic_answers
    WHERE electronic_answers.response = electronic_slips.response
      AND electronic_answers.question = form_questions.question), 0) AS said,
    core AND NOT EXISTS (
        SELECT 1 FROM unasked_online AS unasked
        WHERE unasked.response = electronic_slips.response
          AND unasked.fingerprint = electronic_slips.fingerprint
          AND unasked.question = form_questions.question) AS asked
FROM form_questions
WHERE form_questions.fingerprint = electronic_slips.fingerprint AND kind <> 'text'))
    FROM current_responses AS electronic_slips
);

-- The answers of valid slips, one row for each ticked option.
CREATE VIEW counted_answers AS
SELECT channel, slip, unit, period, form, forms.field, given.question, form_questions.text,
       factor, core, overall, given.state,
       CASE WHEN kind = 'number' AND given.state = 'answered' THEN codes ELSE code END AS code,
       label, satisfied, given.by
FROM (
    SELECT channel, slip, unit, period, form, fingerprint, question,
           CASE WHEN EXISTS (
               SELECT 1 FROM unasked_on_paper AS unasked
               WHERE unasked.fingerprint = returned_slips.fingerprint
                 AND unasked.reading = returned_slips.reading
                 AND unasked.question = said.question)
           THEN 'not_applicable'
           WHEN said.state = 'answered' AND said.question IN (SELECT question FROM ranked_questions)
                AND EXISTS (
               SELECT 1 FROM ranked_questions JOIN broken_rankings_on_paper AS broken
               USING (fingerprint, ranking)
               WHERE ranked_questions.question = said.question
                 AND fingerprint = returned_slips.fingerprint
                 AND broken.reading = returned_slips.reading)
           THEN 'no_answer'
           ELSE said.state END AS state, codes, by
    FROM returned_slips JOIN questionnaire_answers AS said USING (reading)
    WHERE returned_slips.state = 'valid'
    UNION ALL
    SELECT channel, slip, unit, period, form, fingerprint, question,
           CASE WHEN EXISTS (
               SELECT 1 FROM unasked_online AS unasked
               WHERE unasked.fingerprint = returned_slips.fingerprint
                 AND unasked.response = returned_slips.response
                 AND unasked.question = electronic_answers.question)
           THEN 'not_applicable'
           WHEN electronic_answers.state = 'answered'
                AND electronic_answers.question IN (SELECT question FROM ranked_questions)
                AND EXISTS (
               SELECT 1 FROM ranked_questions JOIN broken_rankings_online AS broken
               USING (fingerprint, ranking)
               WHERE ranked_questions.question = electronic_answers.question
                 AND fingerprint = returned_slips.fingerprint
                 AND broken.response = returned_slips.response)
           THEN 'no_answer'
           ELSE electronic_answers.state END, codes, 'respondent'
    FROM returned_slips JOIN electronic_answers USING (response)
    WHERE returned_slips.state = 'valid'
) AS given
JOIN forms USING (fingerprint, form)
JOIN form_questions USING (fingerprint, question)
LEFT JOIN form_options
  ON form_options.fingerprint = given.fingerprint AND form_options.question = given.question
 AND given.state = 'answered' AND instr(' ' || codes || ' ', ' ' || code || ' ') > 0;

-- What counts today of each: the latest.
CREATE VIEW current_form_surveys AS SELECT * FROM form_surveys
WHERE form_survey IN (SELECT max(form_survey) FROM form_surveys GROUP BY form) AND survey <> '';

CREATE VIEW current_topics AS SELECT * FROM comment_topics
WHERE comment_topic IN (SELECT max(comment_topic) FROM comment_topics GROUP BY response, question);

CREATE VIEW current_transcripts AS SELECT * FROM transcripts
WHERE transcript IN (SELECT max(transcript) FROM transcripts GROUP BY reading, question)
  AND topic <> 'withdrawn';

CREATE VIEW current_quotations AS SELECT * FROM quotations
WHERE quotation IN (SELECT max(quotation) FROM quotations GROUP BY channel, number, question) AND chosen = 1;

CREATE VIEW current_statements AS SELECT * FROM statements
WHERE statement IN (SELECT max(statement) FROM statements GROUP BY unit, period, about) AND text <> '';

CREATE VIEW counters AS SELECT * FROM counter_entries
WHERE counter_entry IN (SELECT max(counter_entry) FROM counter_entries GROUP BY counter);

-- What respondents wrote, as it was typed: masked, of slips that count.
CREATE VIEW typed_comments AS
SELECT 'paper' AS channel, unit, form, period, topic, text, folded
FROM transcripts JOIN slips USING (reading)
WHERE text <> '' AND standing = 'counts' AND transcript IN (
    SELECT max(transcript) FROM transcripts GROUP BY reading, question)
UNION ALL
SELECT 'electronic', unit, form, period, topic, text, folded
FROM electronic_comments JOIN current_responses USING (response)
LEFT JOIN current_topics USING (response, question);

-- Numbers that were issued, or may stand on paper since a register came back from a backup.
CREATE VIEW used_numbers AS
SELECT digit, year, last FROM runs UNION ALL SELECT digit, year, last FROM skipped_numbers;

-- Each stack that was taken in, as it was told last; whether it is complete, its last page stored,
-- and whether somebody took it back.
CREATE VIEW known_batches AS
SELECT told_batches.batch, unit, period, expected, told_batches.event, at, by, root,
       root IS NOT NULL AS complete,
       told_batches.batch IN (SELECT batch FROM withdrawn_batches) AS withdrawn
FROM told_batches JOIN events ON events.event = told_batches.event
LEFT JOIN (SELECT batch AS ended, root FROM batch_ends) ON ended = told_batches.batch;

-- The same, counted: what `omr export --ask` writes down for programs that answer within a second.
CREATE VIEW answer_counts AS
SELECT period, unit, channel, form, field, question, text, factor, core, overall, state, code, label, satisfied,
       count(*) AS slips
FROM counted_answers
GROUP BY period, unit, channel, form, field, question, text, factor, core, overall, state, code, label, satisfied;

-- Slips with an overall answer, by what they say about the respondent or the procedure.
CREATE VIEW respondent_counts AS
SELECT answer.period, answer.unit, answer.channel, answer.form, answer.field, about.question, about.text,
       about.code, about.label, answer.satisfied, count(*) AS slips
FROM counted_answers AS answer
JOIN counted_answers AS about USING (channel, slip)
WHERE answer.overall AND answer.state = 'answered'
  AND NOT about.core AND about.code IS NOT NULL
GROUP BY answer.period, answer.unit, answer.channel, answer.form, answer.field, about.question, about.text,
         about.code, about.label, answer.satisfied;

CREATE VIEW slip_counts AS
SELECT period, unit, channel, form, state, coalesce(reason, '') AS reason, count(*) AS slips
FROM returned_slips GROUP BY period, unit, channel, form, state, reason;

CREATE VIEW waiting_counts AS
SELECT kind, reason, unit, period, urgency, count(*) AS items FROM waiting
GROUP BY kind, reason, unit, period, urgency;
