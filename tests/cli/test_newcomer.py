"""Twenty things that a newcomer found wrong when a month was not plain, each looked for again.

 1  the electronic import counted people again    records/test_electronic.py, records/test_odd_files.py
 2  no way back from a wrong import               records/test_electronic.py, test_mistakes.py
 3  comments of two channels in one fraction      reports/test_wordings.py
 4  questions pooled by their key                 reports/test_together.py, test_four_months.py
 5  an internal survey in the citizens' headline  reports/test_together.py, test_four_months.py
 6  "tăng" and "không so sánh được" together      reports/test_together.py, test_four_months.py
 7  small cells hidden here, open there           reports/test_attack.py, test_four_months.py
 8  an adjusted month that does not say so        reports/test_together.py, test_four_months.py
 9  two-person rule bypassed in the terminal      test_persons.py, records/test_two_persons.py
10  where is it bad, why, what changed            reports/test_wordings.py, reports/test_together.py
11  10/5/2026 taken for May without a word        records/test_electronic.py
12  exports that need hand work                   records/test_electronic.py, records/test_odd_files.py
13  a corrected count of stock frees no slip      here
14  advice that does not exist                    here
15  opening stock, ranges                         here, test_four_months.py
16  forms that ruin figures pass the check        here
17  no plan, no record of the hand-over           test_paper_plan.py
18  asked again after everything was answered     records/test_decisions.py
19  English, raw words, UTC                       here, test_whose_words.py
20  a month closed without a question             here, test_paper_plan.py

The wordings that an office writer mended are looked for in a whole report: reports/test_wordings.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import docx
import pytest
from offices import Office
from scanned import slip

from omr.forms.layout import file_of
from omr.words import Aside, SlipDecision

MONTH = "2026-10"
WHO = ("--by", "lan")


def words_of(folder: Path) -> str:
    """All that a Word report says, tables too."""
    (file,) = folder.glob("bao-cao*.docx")
    document = docx.Document(str(file))
    cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


# --- 13, 15: books --------------------------------------------------------------------------------


def test_a_count_that_was_wrong_is_counted_again_and_frees_the_slip(office: Office) -> None:
    run = office.issue("PC06", 6, MONTH)
    said = ("--unit", "PC06", "--form", "DL-01", "--period", MONTH, *WHO)
    office("register", "count", *said, *in_stock(run, 4, 5, 6))  # 4 is in the ballot box
    office("read", office.scan(*(slip(run, n) for n in (1, 2, 3, 4))), "--period", MONTH, code=None)
    office("register", "count", *said, *in_stock(run, 5, 6))
    (line,) = office.json("register", "reconcile", "--period", MONTH)
    assert (line["returned"], line["valid"], line["missing"], line["in_stock"]) == (4, 4, 0, 2)
    assert office.json("review", "list") == []


def in_stock(run, *numbers: int) -> list[str]:
    return [word for n in numbers for word in ("--in-stock", str(run.serial(n)))]


def test_ranges_stay_visible_after_a_part_was_handed_on(office: Office, tmp_path: Path) -> None:
    run = office.issue("PC06", 10, MONTH)
    ends = f"{run.serial(8)}..{run.serial(10)}"
    office("register", "receive", ends, "--unit", "PC08", "--period", MONTH, *WHO)
    office("read", office.scan(slip(run, 1), slip(run, 2)), "--period", MONTH)
    made = office.json("report", "--period", MONTH, "-o", tmp_path / "out", "--format", "docx")
    assert made["files"]
    told = words_of(tmp_path / "out")
    assert re.search(r"\d{7}–\d{7}", told)
    assert len(set(re.findall(r"\d{7}–\d{7}", told))) == 2  # what stayed, and what was handed on


# --- 14, 19: what messages say ---------------------------------------------------------------------


def test_no_message_sends_to_what_does_not_exist(office: Office) -> None:
    run = office.issue("PC06", 4, MONTH)
    office("read", office.scan(slip(run, 1)), "--period", MONTH)
    told = office("register", "spoil", str(run.serial(1)), "--why", "rách", *WHO, code=1)
    assert "--late" not in told.err
    more = office(
        "read", office.scan(slip(run, 2), slip(run, 3)), "--period", MONTH, "--expect", 1, code=None
    )
    assert "kéo đôi" not in more.out + more.err


RAW = re.compile(
    r"(?<![\w-])("
    + "|".join(
        {*(one.value for one in Aside), *(one.value for one in SlipDecision), "doubtful", "few_answers"}
    )
    + r")(?![\w-])"
)


def test_lists_speak_the_readers_language_and_time(office: Office) -> None:
    run = office.issue("PC06", 6, MONTH)
    pages = [slip(run, 1, B1="?"), slip(run, 2, B1="", B2="", B3="", B10=""), slip(run, 3)]
    office("read", office.scan(*pages), "--period", MONTH, code=3)
    office("read", office.scan(slip(run, 4)), "--unit", "PC08", "--period", MONTH, code=3)
    for command in (("review", "list"), ("register", "status"), ("register", "status", run.serial(4))):
        told = office(*command, code=None).out
        assert not RAW.search(told), told
        assert not re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d", told), told


# --- 16: forms -------------------------------------------------------------------------------------


def changed(tmp_path: Path, *pairs: tuple[str, str]) -> Path:
    text = Path(str(file_of("DL-01", None))).read_text("utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    path = tmp_path / "DL-05.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ([("satisfied = true", "satisfied = false")], "hài lòng"),
        ([('language = "vi"', 'language = "fr"')], "fr"),
        ([('form = "DL-01"', 'form = "DL-05"')], "DL-01"),
        ([("satisfied = true", 'satisfied = "true"')], 'không phải "true"'),
    ],
)
def test_a_form_that_would_ruin_figures_is_refused(
    office: Office, tmp_path: Path, pairs: Sequence[tuple[str, str]], told: str
) -> None:
    ran = office("forms", "check", changed(tmp_path, *pairs), code=None)
    assert ran.code != 0 and told in ran.out + ran.err, ran.out + ran.err


# --- 20: closing -----------------------------------------------------------------------------------


def test_an_adjusted_closing_and_a_late_stack_are_told_in_a_few_lines(office: Office) -> None:
    run = office.issue("PC06", 70, MONTH)
    office("read", office.scan(*(slip(run, n) for n in range(1, 11))), "--period", MONTH)
    office("period", "close", MONTH, *WHO)
    late = office("read", office.scan(*(slip(run, n) for n in range(11, 71))), "--period", MONTH, code=3)
    lines = (late.out + late.err).splitlines()
    assert len(lines) < 40 and max(lines.count(line) for line in lines if line.strip()) < 5
    office("period", "adjust", MONTH, *WHO, "--why", "lô nộp muộn")
    again = office("period", "close", MONTH, *WHO)
    assert len(again.out.splitlines()) < 25 and "/A1/" not in again.out, again.out
