"""The CSV files read back: counts add up, letters and numbers survive, no cell is a formula."""

import csv
import io
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from months import make_month

from omr.figures import Share
from omr.reports.tables import tidy


@pytest.fixture(scope="module")
def march():
    return make_month("2025-03")


def read(data, separator=","):
    assert data.startswith(b"\xef\xbb\xbf")  # else Excel shows Vietnamese letters as rubbish
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=separator))


def test_counts_read_back_add_up_to_the_pools(march):
    rows = read(tidy.as_csv(tidy.COUNTS, tidy.count_rows(march)))
    counts = Counter()
    for row in rows:
        if row["option"] and row["form"]:
            counts[row["form"], row["question"], row["option"]] += int(row["slips"])
    expected = {
        (form, question, code): slips
        for (form, question), item in march.pool().items.items()
        for code, slips in item.codes.items()
        if item.question.core
    }
    assert +counts == expected
    satisfied = sum(int(row["slips"]) for row in rows if row["question"] == "B10" and row["satisfied"] == "1")
    assert satisfied == march.pool().overall.part


def test_figures_read_back(march):
    rows = read(tidy.as_csv(tidy.FIGURES, tidy.figure_rows(march)))
    keys = ("unit", "field", "form", "question", "factor", "channel", "measure")
    shares = {tuple(row[key] for key in keys): Share(int(row["n"]), int(row["N"])) for row in rows}
    assert len(shares) == len(rows)  # nothing twice
    assert shares["", "", "", "", "", "", "overall"] == march.pool().overall
    assert shares["PC06", "", "", "", "", "", "overall"] == march.pool("PC06").overall
    assert (
        shares["", "", "", "", "", "electronic", "by_answers"] == march.pool(channel="electronic").by_answers
    )
    assert shares["", "", "", "", "", "paper", "participation"] == march.participation()
    for row in rows:
        percent = Share(int(row["n"]), int(row["N"])).percent()
        assert row["percent"] == ("" if percent is None else str(percent))


def test_semicolons_go_with_decimal_commas(march):
    data = tidy.as_csv(tidy.FIGURES, tidy.figure_rows(march), ";")
    first = read(data, ";")[0]
    assert Decimal(first["percent"].replace(",", ".")) == march.pool().overall.percent()


def test_every_column_is_explained():
    explained = {(file, column) for file, column, *meanings in tidy.dictionary_rows() if all(meanings)}
    assert explained == {("counts", c) for c in tidy.COUNTS} | {("figures", c) for c in tidy.FIGURES}


@given(st.text())
def test_no_text_is_a_formula(text):
    (row,) = read(tidy.as_csv(["text"], [[text]])) or [{"text": ""}]
    assert not row["text"].lstrip().startswith(("=", "+", "-", "@"))
    assert row["text"].isprintable()


def test_the_same_month_gives_the_same_bytes(march):
    first, again = (tidy.as_csv(tidy.COUNTS, tidy.count_rows(month)) for month in (march, replace(march)))
    assert first == again
