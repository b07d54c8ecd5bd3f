"""An attacker has every file of a month, the city's and each unit's, and adds and subtracts.

All published numbers about respondents are equations over the unknown cells (unit, group,
satisfied or not). A hidden cell is open if these equations leave it only one value.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import replace

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from months import FORMS, make_month, slips_of
from tallying import count

from omr.figures import Nothing, Share
from omr.records.counts.tallies import Tallies
from omr.reports import monthly
from omr.reports.figures.breakdowns import breakdowns
from omr.reports.figures.hiding import hide_table
from omr.reports.tables import tidy
from omr.reports.tables.slicing import slices
from omr.workspace import ReportSettings

LIMIT = 5
SETTINGS = ReportSettings()


class Attack:
    """Linear equations over non-negative unknowns."""

    def __init__(self) -> None:
        self.unknowns: dict[object, int] = {}
        self.rows: list[dict[int, int]] = []
        self.values: list[int] = []

    def at(self, name: object) -> int:
        return self.unknowns.setdefault(name, len(self.unknowns))

    def know(self, names: list[object], value: int) -> None:
        row: dict[int, int] = defaultdict(int)
        for name in names:
            row[self.at(name)] += 1
        self.rows.append(row)
        self.values.append(value)

    def open(self, wanted: list[list[object]]) -> list[list[object]]:
        """Return the sums among `wanted` that the equations determine."""
        matrix = np.zeros((len(self.rows), len(self.unknowns)))
        for y, row in enumerate(self.rows):
            for x, factor in row.items():
                matrix[y, x] = factor
        _, sizes, right = np.linalg.svd(matrix, full_matrices=True)
        free = right[(sizes > 1e-9).sum() :]  # the null space
        found = []
        for names in wanted:
            sums = sum(free[:, self.at(name)] for name in names)
            if np.allclose(sums, 0, atol=1e-7):
                found.append(names)
        return found


def learn(attack: Attack, where: object, units: list[str], shown, group: object, hidden: list) -> None:
    """Enter one published cell: its size, and how many of it are satisfied; or remember that it is hidden."""
    size, share = shown
    good = [(unit, where, group, True) for unit in units]
    bad = [(unit, where, group, False) for unit in units]
    if isinstance(size, int):
        attack.know(good + bad, size)
    else:
        hidden.append(good + bad)
    if isinstance(share, Share):
        attack.know(good, share.part)
        attack.know(good + bad, share.whole)


@pytest.fixture(scope="module")
def march():
    return make_month("2025-03")


def respondents_rows(month):
    """What a month's files say of respondents: the workbook's Biểu 05 and the tidy data, as written."""
    tables = monthly.annex(month, None, SETTINGS)
    from omr.reports.workbook import workbook

    book = openpyxl.load_workbook(io.BytesIO(workbook(month, tables)), read_only=True)
    sheet = [row[:3] for row in book["Biểu 05"].iter_rows(values_only=True)]
    data = tidy.as_csv(tidy.COUNTS, tidy.count_rows(month, LIMIT)).decode("utf-8-sig")
    raw = [["" if v is None else str(v) for v in row] for row in book["Số liệu"].iter_rows(values_only=True)]
    assert raw == list(csv.reader(io.StringIO(data, newline="")))  # the sheet and the CSV are one
    return sheet, list(csv.DictReader(io.StringIO(data, newline="")))


def test_what_one_sheet_hides_stands_open_in_none(march):
    for month in (march, march.only("CAX-03")):
        sheet, counts = respondents_rows(month)
        hidden = {str(row[0]) for row in sheet if row[1] == Nothing.SUPPRESSED.value}
        assert hidden or not month.unit  # else nothing is tried
        for row in counts:
            if row["question"].startswith("A"):
                slips = row["slips"]
                assert slips == "" or int(slips) == 0 or int(slips) >= LIMIT or not row["option"]
                assert (slips == "") == (row["state"] == "hidden")
                assert row["channel"] == ""  # never finer than Biểu 05


@pytest.fixture(scope="module")
def thin(march):
    """A month of few slips: hardly a cell of its tables is large."""
    slips = [slip for n, slip in enumerate(slips_of("2025-03")) if n % 6 == 0]
    return replace(march, tallies=count(slips, FORMS))


def test_the_files_of_a_month_together_open_no_small_cell(thin):
    attack, hidden = Attack(), []
    told = {"": breakdowns(thin, LIMIT)} | {u: breakdowns(thin.only(u), LIMIT) for u in thin.reporting}
    groups = {(b.question, b.field): [(g.code, g.label) for g in b.groups] for b in told[""]}
    for unit, its in told.items():
        of = [unit] if unit else list(thin.reporting)
        for breakdown in its:
            where = breakdown.question, breakdown.field
            for group in breakdown.groups:
                learn(attack, where, of, (group.slips, group.share), (group.code, group.label), hidden)
            # Biểu 02 and 03 and the tidy data give the overall answers of every unit and field.
            pool = thin.pool(unit or None, field=breakdown.field or None).overall
            for good in (True, False):
                names = [(one, where, group, good) for one in of for group in groups[where]]
                attack.know(names, pool.part if good else pool.whole - pool.part)
    assert len(hidden) > 100
    assert attack.open(hidden) == []


def test_asking_more_hides_what_the_units_reports_hide(thin):
    shown = {(one.codes[0], one.codes[1]): one.answered for one in slices(thin, ["unit", "gender"], LIMIT)}
    for unit in thin.reporting:
        for breakdown in breakdowns(thin.only(unit), LIMIT):
            if breakdown.question == "A2":
                for group in breakdown.groups:
                    assert shown.get((unit, group.code), 0) == group.slips


def test_figures_for_programs_hide_the_same(march):
    few = tuple(row for row in march.tallies.answers if row.stratum.unit == "CAX-03")
    crossed = tuple(row for row in march.tallies.crossed if row.stratum.unit == "CAX-03")
    slips = tuple(row for row in march.tallies.slips if row.stratum.unit == "CAX-03")
    small = replace(march, tallies=Tallies(slips, few, crossed))
    told = monthly.figures(small, LIMIT)["questions"]
    counts = {
        (item, code): n for item, of in told.items() if "/A" in item for code, n in of["counts"].items()
    }
    assert None in counts.values()
    assert all(n is None or n == 0 or n >= LIMIT for n in counts.values())


shares = st.integers(0, 12).flatmap(lambda n: st.builds(Share, st.integers(0, n), st.just(n)))
tables = st.integers(3, 5).flatmap(
    lambda width: st.lists(st.lists(shares, min_size=width, max_size=width), min_size=2, max_size=6)
)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_no_table_gives_a_hidden_size_away(rows):
    shown, total = hide_table(rows, LIMIT)
    attack, hidden = Attack(), []
    height, width = len(rows), len(rows[0])
    for y, row in enumerate(shown):
        for x, (size, _) in enumerate(row):
            if isinstance(size, int):
                attack.know([(y, x)], size)
            elif rows[y][x].whole:
                hidden.append([(y, x)])
        attack.know([(y, x) for x in range(width)], sum(share.whole for share in rows[y]))
    for x, (size, _) in enumerate(total):
        if isinstance(size, int):
            attack.know([(y, x) for y in range(height)], size)
        else:
            hidden.append([(y, x) for y in range(height)])
    attack.know([(y, x) for y in range(height) for x in range(width)], sum(s.whole for r in rows for s in r))
    assert attack.open(hidden) == []
