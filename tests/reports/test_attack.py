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
from scipy.optimize import linprog
from tallying import count

from omr.figures import Nothing, Share
from omr.records.counts.kept_tallies import Told
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


@pytest.fixture(scope="module")
def told(thin):
    """What the city's files and those of each unit say of respondents."""
    return {"": breakdowns(thin, LIMIT)} | {u: breakdowns(thin.only(u), LIMIT) for u in thin.reporting}


def test_the_files_of_a_month_together_open_no_small_cell(thin, told):
    attack, hidden = Attack(), []
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
    # Of what all fields ask no group is told by every unit: a table by field or channel would be stars.
    stars = {(b.question, g.code) for its in told.values() for b in its for g in b.groups if g.share == "*"}
    asked = {(b.question, g.code) for b in told[""] if not b.field for g in b.groups if g.code}
    assert asked and asked <= stars


@pytest.mark.parametrize(("trait", "question"), [("gender", "A2"), ("procedure", "A5")])
def test_asking_more_hides_what_the_reports_hide(thin, told, trait, question):
    def printed(unit):
        found: dict[tuple[str, str], list[object]] = defaultdict(list)
        for breakdown in told[unit]:
            for group in breakdown.groups if breakdown.question == question else ():
                found[group.code, group.label].append(group.slips)
        stars = Nothing.SUPPRESSED
        sums = {group: stars if stars in sizes else sum(sizes) for group, sizes in found.items()}
        return {group: size for group, size in sums.items() if size}  # "0" of a form that lies in stock only

    alone, by_unit = slices(thin, [trait], LIMIT), slices(thin, ["unit", trait], LIMIT)
    for unit in ("", *thin.reporting):
        expected = printed(unit)
        found = [one for one in by_unit if one.codes[0] == unit] if unit else alone
        assert {(one.codes[-1], one.labels[-1]): one.answered for one in found if one.answered} == expected
    assert any(one.answered is Nothing.SUPPRESSED for one in slices(thin, [trait, "unit"], LIMIT))


def test_figures_for_programs_tell_of_respondents_what_the_table_tells(thin):
    for month in (thin, thin.only("CAX-03")):
        told = monthly.figures(month, LIMIT)
        asked = {item: of for item, of in told["questions"].items() if "/A" in item}
        wide = {item for one in breakdowns(month, LIMIT) if not one.hides_sizes for item in one.items}
        for item, of in asked.items():
            sizes = set(of["counts"].values())
            # hidden, or a part of what several forms ask
            assert sizes == {None} if of["answered"] is None else item in {"/".join(one) for one in wide}
            assert sizes == {None} or all(size >= LIMIT or size == 0 for size in sizes)
        assert {None} in [set(of["counts"].values()) for of in asked.values()]
        groups = [group for one in told["respondents"] for group in one["groups"]]
        table = [group for one in breakdowns(month, LIMIT) for group in one.groups]
        assert [group["answered"] for group in groups] == [
            group.slips if isinstance(group.slips, int) else None for group in table
        ]
        assert not month.unit or None in [group["answered"] for group in groups]


def test_what_lies_in_stock_parts_no_table(march):
    """A form that nobody answered, in one unit's stock, asks otherwise: the city's table by field beside
    the other units' tables of all would be subtracted from each other."""
    form = next(iter(march.forms.values()))
    first, *others = form.questions
    asks = replace(first, text="Ông/Bà đến với tư cách gì")
    lying = replace(form, form="DL-09", digit=9, field="Khác", questions=(asks, *others))
    with_it = replace(march, forms={**march.forms, "f" * 64: lying})
    assert breakdowns(with_it, LIMIT) == breakdowns(march, LIMIT)


def test_two_reports_of_an_adjusted_month_tell_of_nobody_by_their_difference(march):
    """One slip came late: all that is new of respondents would be what that person said."""
    before = breakdowns(march, LIMIT)
    late = slips_of("2025-03", 2)[0]
    after = replace(march, tallies=count([*slips_of("2025-03"), late], FORMS))
    assert breakdowns(after, LIMIT) != before  # else nothing is tried
    kept = replace(after, told=Told(None, "2025-04-02T01:00:00+00:00", march.tallies))
    assert breakdowns(kept, LIMIT) == before
    unit = late.stratum.unit
    assert breakdowns(kept.only(unit), LIMIT) == breakdowns(march.only(unit), LIMIT)
    for by in (["gender"], ["unit", "gender"]):
        assert slices(kept, by, LIMIT) == slices(march, by, LIMIT)
    (table,) = [table for table in monthly.annex(kept, None, SETTINGS) if table.number == "05"]
    assert "giữ số liệu chốt ngày 02/4/2025" in table.notes[-1]


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


@settings(max_examples=25, deadline=None)
@given(tables)
def test_no_table_gives_away_who_was_not_satisfied_by_what_cannot_be_negative(rows):
    """Sums, and that nobody is fewer than none: the bounds of each hidden share stay apart."""
    shown, total = hide_table(rows, LIMIT)
    height, width = len(rows), len(rows[0])
    sums = [sum((row[x] for row in rows), Share(0, 0)) for x in range(width)]
    equations: list[tuple[list[int], int]] = []
    at = {(y, x): y * width + x for y in range(height) for x in range(width)}
    bounds: list[tuple[int, int | None]] = [(0, None)] * len(at)

    def bad(share):
        return share.whole - share.part

    for (y, x), place in at.items():
        size, share = shown[y][x]
        if isinstance(size, int):
            bounds[place] = (0, size)
        if isinstance(share, Share):
            equations.append(([place], bad(rows[y][x])))
    for y in range(height):
        equations.append(([at[y, x] for x in range(width)], sum(map(bad, rows[y]))))
    for x in range(width):
        if isinstance(total[x][1], Share):
            equations.append(([at[y, x] for y in range(height)], bad(sums[x])))
    matrix = np.zeros((len(equations), len(at)))
    for line, (places, _) in enumerate(equations):
        matrix[line, places] = 1
    values = [value for _, value in equations]
    everything = all(not isinstance(share, Share) for row in [*shown, total] for _, share in row)
    for (y, x), place in at.items():
        share = rows[y][x]
        telling = 0 < share.part < LIMIT or 0 < bad(share) < LIMIT
        line = sum(rows[y], Share(0, 0))
        said = not 0 < line.part < line.whole or share.whole == line.whole  # by the sum of the line itself
        if telling and x < width - 1 and not everything and not said:
            cost = np.zeros(len(at))
            cost[place] = 1
            low, high = (
                sign * linprog(sign * cost, A_eq=matrix, b_eq=values, bounds=bounds).fun for sign in (1, -1)
            )
            assert high - low > 0.5, (y, x, rows)
