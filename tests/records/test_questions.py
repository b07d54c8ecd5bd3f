"""Every question that docs/database.md shows has an answer; comments are found however they are spelt."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from scanned import FORM, Scanner, question, slip

from omr.forms.serial import Issue
from omr.forms.template import Form, Kind
from omr.records.exchange.asking import TABLES, write_asking_copy
from omr.records.exchange.electronic import import_electronic
from omr.records.offices.visits import import_visits
from omr.records.review.transcripts import search_comments
from omr.records.store.store import Store
from omr.reports import monthly

PAGE = Path(__file__).parents[2] / "docs" / "database.md"
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
# The form of the tests, with a question about the procedure and room for a comment.
ASKING = replace(
    FORM,
    questions=(
        replace(FORM.questions[0], key="A5"),
        *FORM.questions[1:],
        replace(question("C", Kind.TEXT, ()), core=False, area=FORM.questions[0].options[0].box),
    ),
)
COMMENTS = ("Chờ lâu quá ở quầy số 3", "Quầy gần ĐỐNG ĐA phục vụ nhiệt tình", "cho lau, nhung duoc viec")


@pytest.fixture
def asked(store: Store, scanner: Scanner, issued_run: Callable[..., Issue], tmp_path: Path) -> Store:
    """A month with everything in it that the questions ask for."""
    run = issued_run()
    pages = [slip(run, 1), slip(run, 2, B10="1"), slip(run, 3, B1="?", B10="4"), slip(run, 4)]
    nothing = dict.fromkeys(("A1", "B1", "B2", "B3", "B10"), "")
    scanner.take_in(scanner.scan("a.tif", *pages, slip(run, 5, **nothing)))
    lines = ["Ngày,Đơn vị,A5,B1,B2,B3,B10,C"]
    lines += [
        f'25/11/2026,PC06,1,5,5,5,{level},"{text}"' for level, text in zip("541", COMMENTS, strict=True)
    ]
    file = tmp_path / "phieu.csv"
    file.write_text("\n".join(lines), "utf-8")

    def find(name: str) -> Form:
        return replace(ASKING, form=name)

    import_electronic(store, file, find, by="test", form="DL-04")
    visits = tmp_path / "luot.csv"
    visits.write_text("unit,period,visits\nPC06,2026-11,8\n", "utf-8")
    import_visits(store, visits, by="test", today=date(2026, 11, 30))
    return store


def test_the_page_shows_ten_questions() -> None:
    assert len(QUERIES) == 10


@pytest.mark.parametrize("query", QUERIES, ids=[f"question {n}" for n in range(1, len(QUERIES) + 1)])
def test_every_question_has_an_answer(asked: Store, query: str) -> None:
    assert list(asked.rows(query))


def answers(store: Store, number: int) -> Iterator[dict[str, object]]:
    return (dict(row) for row in store.rows(QUERIES[number - 1]))


def test_the_answers_are_the_reports(asked: Store) -> None:
    month = monthly.gather(asked, "2026-11")
    (overall,) = answers(asked, 1)
    share = month.pool().overall
    assert (overall["satisfied"], overall["answered"]) == (share.part, share.whole)
    assert overall["percent"] == float(share.percent() or 0)
    (unit,) = answers(asked, 2)
    assert (unit["satisfied"], unit["answered"]) == (share.part, share.whole)
    procedures = {row["label"]: (row["satisfied"], row["answered"]) for row in answers(asked, 5)}
    assert procedures == {"mức 1": (2, 3)}
    assert list(answers(asked, 6)) == [{"state": "invalid", "reason": "KHL5", "slips": 1}]
    (rate,) = answers(asked, 7)
    participation = month.participation("PC06")
    assert (rate["slips"], rate["visits"]) == (participation.part, participation.whole) == (5, 8)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("cho lau", {0, 2}),
        ("CHỜ LÂU", {0}),
        ("lau quay", {0}),
        ("dong da", {1}),
        ("đống đa", {1}),
        ("đa", {1}),
        ("% _", set()),
        ("không có", set()),
    ],
)
def test_comments_are_found_with_and_without_diacritics(asked: Store, words: str, found: set[int]) -> None:
    texts = {one.text for one in search_comments(asked, words, period="2026-11", unit="PC06")}
    assert texts == {COMMENTS[n] for n in found}
    assert search_comments(asked, words, period="2026-10") == []


def test_the_copy_for_asking_answers_like_the_register(asked: Store, tmp_path: Path) -> None:
    """The same rows as the views of the same names, made from the report's tallies; no serial is in it."""
    made = write_asking_copy(asked, tmp_path / "hoi-dap.sqlite")
    assert made.periods == ("2026-11",)
    with closing(sqlite3.connect(tmp_path / "hoi-dap.sqlite")) as copy:
        for table in TABLES:
            rows = sorted(map(repr, map(tuple, asked.rows(f"SELECT * FROM {table}"))))
            assert rows == sorted(map(repr, copy.execute(f"SELECT * FROM {table}"))), table
            assert rows
        for query in QUERIES:
            answered = sorted(map(repr, copy.execute(query)))
            assert answered == sorted(map(repr, map(tuple, asked.rows(query))))
        dump = "\n".join(copy.iterdump())
    serials = [row["serial"] for row in asked.rows("SELECT serial FROM readings")]
    assert serials and not any(serial in dump for serial in serials)
