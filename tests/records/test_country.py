"""Many provinces asked at once: the documented queries, put by DuckDB, beside each province's own figures."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from scanned import FORM, Scanner, quick_print, slip

from omr.records.counts.tallies import AnswerTally, Counted, SlipState, tally
from omr.records.month import parquet
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.register.register import issue
from omr.records.review.decide import decide_answers
from omr.records.review.queue import ItemKind, queue
from omr.records.store.store import Store
from omr.reports import monthly
from omr.words import AnswerState
from omr.workspace import Workspace

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "country.md"
VIEWS, SLIPS, LEVELS, SHARE, COUNTRY, DECIDED = re.findall(
    r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL
)
PERIODS = ("2026-11", "2026-12")


class Country:
    """Provinces, each with a register of its own, whose exports lie beside each other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counted: dict[tuple[str, str], Counted] = {}
        self.overall: dict[tuple[str, str], tuple[int, int]] = {}

    def province(self, name: str, stacks: dict[str, list[dict[str, str]]], decided: dict[str, str]) -> None:
        """Print, scan and read a province's slips, decide what waits, and export it."""
        office = Workspace.create(self.folder / name)
        incoming = self.folder / f"{name}-incoming"
        incoming.mkdir()
        with Store.open(office.database) as store:
            shipped = shipped_units("hai-phong-2023")
            assert shipped is not None
            import_units(store, read_units(shipped.read_bytes()), by="test")
            scanner = Scanner(incoming, store, office)
            for period, said in stacks.items():
                about = {"unit": "PC06", "period": period, "count": 20, "target": incoming / f"{period}.pdf"}
                run = issue(store, FORM, **about, by="test", seed=7, print_forms=quick_print)
                pages = [slip(run, run.first + place, **marks) for place, marks in enumerate(said)]
                scanner.take_in(scanner.scan(f"{period}.tif", *pages))
            for item in queue(store):
                if item.kind is ItemKind.ANSWER and item.question in decided:
                    decide_answers(store, {item.item: [decided[item.question]]}, by="lan", why="seen")
            parquet.export(store, self.folder / "country" / f"province={name}")
            for period in stacks:
                self.counted[name, period] = tally(store, period)
                share = monthly.gather(store, period).pool().overall
                self.overall[name, period] = share.part, share.whole

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Put a query of the page, as it stands there."""
        with closing(duckdb.connect()) as engine:
            engine.execute(VIEWS.replace("'country/", f"'{self.folder.as_posix()}/country/"))
            return engine.execute(query).fetchall()

    def answers(self) -> Iterator[tuple[str, str, AnswerTally]]:
        """Yield what each province itself counted."""
        for (province, period), counted in self.counted.items():
            yield from ((province, period, row) for row in counted.tallies.answers)


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Country:
    """Three provinces: their serials are the same numbers, their months and answers are not."""
    made = Country(tmp_path_factory.mktemp("country"))
    autumn: list[dict[str, str]] = [{"B1": "4"}, {"B1": "5 4"}, {"B10": "2"}, {"B10": ""}, {"B10": "?"}]
    made.province("HP", {"2026-11": autumn, "2026-12": [{}, {"B10": "1"}, {"B10": "4"}]}, {})
    made.province("ND", {"2026-11": [*autumn[::-1], {"B10": "3"}]}, {"B10": "3"})
    made.province("TB", {"2026-12": [{"B10": "5"}, {"B10": "5 4"}]}, {})
    return made


def test_the_files_are_carried_and_asked_as_the_page_says(country: Country, tmp_path: Path) -> None:
    """Every line of the page but the two of DuckDB's own program, twice: month by month."""
    program = tmp_path / "bin/omr"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m omr.cli "$@"\n', "utf-8")
    program.chmod(0o755)
    shutil.copy(PAGE, tmp_path)
    blocks = "\n".join(re.findall(r"```sh\n(.*?)\n```\n", PAGE.read_text("utf-8"), re.DOTALL))
    lines = [line for line in blocks.splitlines() if "duckdb" not in line]
    surroundings = {**os.environ, "OMR_WORKSPACE": str(country.folder / "HP"), "PYTHONPATH": str(ROOT)}
    surroundings["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    for period in PERIODS:
        typed = "\n".join(lines).replace(PERIODS[0], period)
        subprocess.run(["sh", "-ec", typed], cwd=tmp_path, env=surroundings, check=True, capture_output=True)
    questions = (tmp_path / "questions.sql").read_text("utf-8")
    assert questions.count(";") == 7
    views = questions.replace("'country/", f"'{tmp_path.as_posix()}/country/").partition(SLIPS)[0]
    with closing(duckdb.connect()) as engine:
        engine.execute(views)
        here = engine.execute(SLIPS).fetchall()
    assert here == [row for row in country.ask(SLIPS) if row[0] == "HP"]
    assert [row[1] for row in here] == list(PERIODS)


def test_slips_are_those_that_each_province_counts(country: Country) -> None:
    own = Counter[tuple[str, str, SlipState]]()
    for (province, period), counted in country.counted.items():
        for row in counted.tallies.slips:
            own[province, period, row.state] += row.slips
    asked = {(province, period): rest for province, period, *rest in country.ask(SLIPS)}
    assert set(asked) == set(country.counted)
    for at, (slips, held, valid) in asked.items():
        assert (held, valid) == (own[*at, SlipState.HELD], own[*at, SlipState.VALID]), at
        assert slips == sum(own[*at, state] for state in SlipState)


def test_every_level_of_every_question_is_the_provinces_own(country: Country) -> None:
    own = Counter[tuple[str, ...]]()
    for province, period, row in country.answers():
        if row.state is AnswerState.ANSWERED and row.code:
            own[province, period, row.question, row.code] += row.slips
    asked = Counter[tuple[str, ...]]()
    for province, period, _, question, code, slips in country.ask(LEVELS):
        asked[province, period, question, code] += slips
    assert asked == own
    assert len(own) > 20


def test_the_overall_share_is_that_of_each_report_and_of_all(country: Country) -> None:
    shares = {(province, period): (part, whole) for province, period, part, whole, _ in country.ask(SHARE)}
    assert shares == country.overall
    for province, period, whole, percent in country.ask(COUNTRY):
        own = [at for at in country.overall if at[1] == period and province in (at[0], "all")]
        part = sum(country.overall[at][0] for at in own)
        assert whole == sum(country.overall[at][1] for at in own)
        assert percent == pytest.approx(100 * part / whole, abs=0.005)


def test_what_people_decided_is_told_apart(country: Country) -> None:
    own = Counter[str]()
    for (province, _), counted in country.counted.items():
        own[province] += counted.by_people
    assert {province: people for province, _, people in country.ask(DECIDED)} == dict(own)
    assert own["ND"] == 1
