"""A year's database, or that of many, made in minutes, and what a month's report costs in it.

    python bench scale year DIR --slips 1200000    twelve months of 100,000 slips
    python bench scale year DIR --slips 1800000 --months 60     five years of 30,000 slips a month
    python bench scale year DIR --slips 96000 --doubtful 0.0277     38,432 questions that wait
    python bench scale report DIR                  seconds: one month, and its report
    python bench scale report DIR --all            every month counted by SQL and in Python: they must agree
    python bench scale close DIR                   close every month; then ask for the report again
    python bench scale queue DIR                   what waits for reviewers, made as their desk makes it
    python bench scale ask DIR                     the copy for asking, and what questions take
    python bench scale mark                        what issuing numbers asks of a mark of a million acts

For what depends on size alone: how soon the first rows come, how a file grows, how long a report
takes. The first batches go through the project's own `PageRows` and `Act`; the rest are copies of
them, made by SQLite with other numbers, because hashing a million slips takes half an hour. So the
rows are those of a year but for the measurements, and `omr audit verify` rightly refuses them.
"""

from __future__ import annotations

import hashlib
import importlib
import random
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import click
import numpy as np
from harness import ROOT, folder_argument, measurement, seconds, seed_option

from omr.forms.layout import find_form
from omr.forms.serial import Issue
from omr.forms.template import Form, fingerprint
from omr.reading.ink.measure import FEATURES, MarkReading
from omr.reading.marks.decide import Answer, BoxVerdict
from omr.reading.place.align import AlignedPage
from omr.reading.place.identify import IdentifiedPage
from omr.reading.reader import ReadPage
from omr.reading.scan.pages import EncodedPage, Encoding
from omr.records.counts.slips import current_slips
from omr.records.counts.tallies import Channel, SlipState, Stratum, tally
from omr.records.exchange.asking import write_asking_copy
from omr.records.intake.intake import PAGES_PER_ACT
from omr.records.intake.orders import Orders
from omr.records.intake.rows import PageRows, Sent
from omr.records.month.closing import close_as_it_is
from omr.records.offices.periods import parse_period
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.proof.chain import batch_root
from omr.records.register.register import archive_form
from omr.records.review.worklist import Wanted, Worklist
from omr.records.store.mark import Mark
from omr.records.store.store import Store
from omr.reports import monthly
from omr.words import AnswerState, BoxState, Seal
from omr.workspace import Workspace

SLIPS_A_BATCH: Final = 500
WRITTEN: Final = 12_000  # slips: a batch or two a month
UNITS: Final = "hai-phong-2023"
FIRST_YEAR: Final = 2023


# --- closing, and what waits ---------------------------------------------------------------------


@measurement()
@folder_argument
def close(folder: Path) -> None:
    """Close every month although questions wait: what is timed afterwards looks at what was kept."""
    with Store.open(folder / "omr.sqlite") as store:
        for row in list(store.rows("SELECT DISTINCT period FROM readings ORDER BY period")):
            period = parse_period(row["period"])
            with seconds(f"  {period} counted and kept"), store.act("close_period", by="bench") as act:
                close_as_it_is(store, act, period)
        size = store.value("SELECT avg(length(tallies)) FROM closed_tallies")
        print(f"{size / 1024:.0f} kB a month are kept")


@measurement()
@folder_argument
def queue(folder: Path) -> None:
    """Make the list of all that the machine was unsure of, and hand out the first of it."""
    database = folder / "omr.sqlite"
    with Store.open(database) as store:
        worklist = Worklist(b"bench", elsewhere=lambda: closing(Store.open(database)))
        asked = time.perf_counter()
        with seconds("  the whole list, made as at a start, and the first two items"):
            worklist.begin()
            worklist.take(store, "lan", Wanted())
        print(f"  who asks at once waits {time.perf_counter() - asked:.2f} s by the clock")
        with seconds("  the next two items, and the counts beside them"):
            worklist.take(store, "hoa", Wanted())
            worklist.counts("hoa", Wanted()), worklist.choices(), worklist.slips(store, "hoa", Wanted())
        print(f"{store.value('SELECT count(*) FROM waiting')} questions wait")


@measurement()
@click.option("--acts", default=1_000_000, show_default=True)
def mark(acts: int) -> None:
    """Make the mark of a register of many years, and ask it what every issue and every opening ask."""
    with tempfile.TemporaryDirectory() as folder:
        made = Mark(Path(folder) / "omr.mark")
        with made.path.open("wb") as file:
            for event in range(1, acts + 1):
                issued = b',"issued":[[1,27,%d]]' % event if event % 300 == 0 else b""
                file.write(
                    b'\n{"event":%d,"head":"%064x","at":"2027-01-01T00:00:00Z"%s}' % (event, event, issued)
                )
        print(f"{acts} acts, {made.path.stat().st_size / 1e6:.0f} MB; CPU seconds")
        with seconds("  highest numbers, before an issue"):
            made.issued()
        with seconds("  the newest act, when opened"):
            made.last()


# --- asking --------------------------------------------------------------------------------------


@measurement()
@folder_argument
def ask(folder: Path) -> None:
    """Write the copy for asking, and put the documented questions of a month to it."""
    text = (ROOT / "docs" / "database.md").read_text("utf-8")
    queries = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    copy = folder / "hoi-dap.sqlite"
    with Store.open(folder / "omr.sqlite") as store:
        before = time.process_time()
        made = write_asking_copy(store, copy)
        print(
            f"{made.rows} rows of {len(made.periods)} months, {time.process_time() - before:.1f} s CPU, ",
            end="",
        )
        print(f"{copy.stat().st_size / 2**20:.1f} MB")
    with closing(sqlite3.connect(copy)) as database:
        for number, query in enumerate(queries, 1):
            before = time.process_time()
            rows = len(database.execute(query.replace("2026-11", "2023-06")).fetchall())
            print(f"question {number:2}: {rows} rows, {1000 * (time.process_time() - before):.1f} ms CPU")


# --- the database --------------------------------------------------------------------------------


@measurement(__doc__)
@folder_argument
@click.option("--slips", default=1_000_000, show_default=True)
@click.option("--months", default=12, show_default=True)
@click.option(
    "--doubtful", default=0.002, show_default=True, help="share of the questions: what waits for a reviewer"
)
@seed_option
def make(folder: Path, slips: int, months: int, doubtful: float, seed: int) -> None:
    """Make the database of a year."""
    started = time.perf_counter()
    written = min(slips, WRITTEN)
    make_slips(folder, written, seed, months, doubtful)
    database = folder / "omr.sqlite"
    size = database.stat().st_size
    print(f"{written} slips written as intake writes them: {size / written:.0f} bytes a slip")
    copies = -(-slips // written)
    copy_slips(database, written, copies)
    size = database.stat().st_size
    print(f"{written * copies} slips, {size / 2**20:.0f} MB without measurements, ", end="")
    print(f"{time.perf_counter() - started:.0f} s")


def make_slips(folder: Path, slips: int, seed: int, months: int, doubtful: float) -> None:
    """Spread slips over the months from January 2023 and the units that serve, and store them as read."""
    workspace = Workspace.create(folder)
    chance = random.Random(seed)
    form = find_form("DL-01", None)
    with Store.open(workspace.database) as store:
        units = shipped_units(UNITS)
        assert units is not None
        import_units(store, read_units(units.read_bytes()), by="bench")
        serving = [row["unit"] for row in store.rows("SELECT DISTINCT unit FROM units ORDER BY unit")]
        with store.act("issue", by="bench") as act:
            archive_form(store, act, form)
        year = _Year(store, form, chance, doubtful)
        size = min(SLIPS_A_BATCH, max(1, slips // months))  # no month is without slips
        for place, number in enumerate(range(0, slips, size), 1):
            year_, month = divmod(number * months // slips, 12)
            period = f"{FIRST_YEAR + year_}-{month + 1:02}"
            year.batch(place, number, min(size, slips - number), chance.choice(serving), period)


_RUN: Final = "run || '-' || :copy"
_BATCH: Final = "batch || '-' || :copy"
_FILE: Final = "substr(original, 1, 56) || printf('%08d', :copy)"
_PAGE, _READING, _DECIDING = "page + :slips", "reading + :slips", "deciding + :slips"
# What a copy changes, table by table, in the order in which rows refer to each other.
_COPIED: Final = {
    "runs": {"run": _RUN, "first": "first + :slips", "last": "last + :slips"},
    "run_ends": {"run": _RUN},
    "batches": {"batch": _BATCH},
    "originals": {"original": _FILE, "path": "path || :copy"},
    "original_ends": {"original": _FILE},
    "batch_files": {"batch": _BATCH, "original": _FILE},
    "batch_ends": {"batch": _BATCH},
    "pages": {"page": _PAGE, "batch": _BATCH, "original": _FILE},
    "readings": {
        "reading": _READING,
        "page": _PAGE,
        "serial": "substr(serial, 1, 3) || printf('%07d', number + :slips) || substr(serial, 11)",
        "run": _RUN,
        "number": "number + :slips",
        "marks": "zeroblob(64)",  # nothing that is timed looks at them, and they are nine tenths of a file
    },
    "decidings": {"deciding": _DECIDING, "reading": _READING},
    "answers": {"deciding": _DECIDING},
}


def copy_slips(database: Path, slips: int, copies: int) -> None:
    """Repeat the slips until there are `copies` times as many."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # nothing here is worth a wait for the disk
        for table in _COPIED:
            connection.execute(f"CREATE TEMP TABLE first_{table} AS SELECT * FROM {table}")
        for copy in range(1, copies):
            for table, changed in _COPIED.items():
                columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
                values = ", ".join(changed.get(column, column) for column in columns)
                connection.execute(
                    f"INSERT INTO {table} SELECT {values} FROM first_{table}",
                    {"copy": str(copy), "slips": copy * slips},
                )
            connection.commit()


class _Year:
    """The batches of a year, one print run and one file each."""

    def __init__(self, store: Store, form: Form, chance: random.Random, doubtful: float) -> None:
        self._store = store
        self._form = form
        self._chance, self._doubtful = chance, doubtful
        shape = sum(len(q.options) for q in form.questions), len(FEATURES)
        features = np.random.default_rng(0).random(shape, np.float32)  # what `measure` rounds to
        boxes = ((question.key, option.code) for question in form.questions for option in question.options)
        self._marks = tuple(
            MarkReading(*box, np.zeros((4, 2)), tuple(row))
            for box, row in zip(boxes, features.tolist(), strict=True)
        )

    def batch(self, place: int, number: int, count: int, unit: str, period: str) -> None:
        """Store one batch as intake does."""
        issue = self._issue(f"R{period[2:4]}-{place:04}", number + 1, count, unit, period)
        store, batch = self._store, f"B{place:06}"
        file = hashlib.sha256(batch.encode()).hexdigest()
        with store.act("begin_batch", by="bench") as act:
            act.add("batches", {"batch": batch, "unit": None, "period": None, "expected": None})
            act.add("originals", {"original": file, "path": f"scans/{file}.pdf", "bytes": 300_000 * count})
            row = {"batch": batch, "original": file, "position": 1, "file": f"{batch}.pdf"}
            act.add("batch_files", row)
        for first in range(0, count, PAGES_PER_ACT):
            with store.act("read", by="bench") as act:
                rows = PageRows(store, act, batch, Orders())
                for page in range(first, min(first + PAGES_PER_ACT, count)):
                    picture = hashlib.sha256(f"{batch} {page}".encode()).hexdigest()
                    sent = Sent(
                        file, page + 1, picture, EncodedPage(f"{batch}.pdf", page + 1, Encoding.PICTURE, b"")
                    )
                    rows.add(sent, self._slip(issue, issue.first + page))
                rows.insert()
        with store.act("end_batch", by="bench") as act:
            act.add("original_ends", {"original": file, "pages": count})
            act.add("batch_ends", {"batch": batch, "root": batch_root(store, batch, last_event=act.event)})

    def _issue(self, run: str, first: int, count: int, unit: str, period: str) -> Issue:
        mark = fingerprint(self._form)
        key = hashlib.sha256(run.encode()).digest()
        year = int(period[2:4])
        issue = Issue(run, self._form.form, mark, unit, period, self._form.digit, year, first, count, key)
        with self._store.act("issue", by="bench") as act:
            act.add(
                "runs",
                {
                    "run": run,
                    "form": issue.form,
                    "fingerprint": mark,
                    "unit": unit,
                    "period": period,
                    "digit": issue.digit,
                    "year": issue.year,
                    "first": first,
                    "last": issue.last,
                    "key": key,
                    "seeded": 1,
                    "target": f"{run}.pdf",
                },
            )
            act.add("run_ends", {"run": run, "state": "issued", "pdf": key.hex()})
        return issue

    def _slip(self, issue: Issue, number: int) -> ReadPage:
        aligned = AlignedPage(None, _MAP, 200.0, 0.05)
        page = IdentifiedPage(aligned, issue.serial(number), issue, ("ladder", "qr"))
        verdicts: list[BoxVerdict] = []
        answers: list[Answer] = []
        for question in self._form.questions:
            if not question.options:
                continue
            code = self._chance.choice(question.options).code
            doubtful = self._chance.random() < self._doubtful
            state = AnswerState.DOUBTFUL if doubtful else AnswerState.ANSWERED
            verdicts.append(BoxVerdict(question.key, code, BoxState.MARKED, 0.9987, doubtful))
            answers.append(Answer(question.key, state, () if doubtful else (code,), 0.9987))
        return ReadPage(page, self._marks, tuple(verdicts), tuple(answers), "default", seal=Seal.UNKNOWN)


_MAP: Final = np.array([[7.87401, 0.01234, -3.21], [-0.01234, 7.87401, 2.34]])


# --- a month's report ----------------------------------------------------------------------------


@measurement()
@folder_argument
@click.option("--all", "both", is_flag=True, help="count every month by SQL and in Python, too")
def report(folder: Path, both: bool) -> None:
    """Print CPU seconds of the largest month's report; loading what writes its files is no part of them."""
    workspace = Workspace.open(folder)
    with Store.open(workspace.database) as store:
        rows = store.rows("SELECT period, count(*) AS slips FROM readings GROUP BY period ORDER BY period")
        slips = {row["period"]: row["slips"] for row in rows}
        largest = max(reversed(slips), key=lambda period: slips[period])  # the latest: one stands before it
        print(f"{largest}: {slips[largest]} slips; CPU seconds")
        cost_of_a_report(store, workspace, largest)
        if both:
            both_ways(store, slips)


def cost_of_a_report(store: Store, workspace: Workspace, period: str) -> None:
    """Print what each step of a month's report takes."""
    with seconds("  everything of the month"):
        month = monthly.gather(store, period)
    with seconds("  the month before"):
        before = monthly.month_before(store, parse_period(period))
    with seconds("  JSON figures"):
        monthly.figures(month)
    importlib.import_module("omr.reports.document.document")
    with tempfile.TemporaryDirectory() as folder, seconds("  csv, xlsx, docx"):
        monthly.write(month, before, Path(folder), monthly.FORMATS, workspace.settings.report)


def both_ways(store: Store, slips: dict[str, int]) -> None:
    """Count every month by SQL and slip by slip in Python; they must agree."""
    sys.path.insert(0, str(ROOT / "tests"))  # the plain way of counting, which tests compare with, too
    from tallying import Slip, count

    def one_by_one(period: str) -> Iterator[Slip]:
        """Yield the slips of a month as `omr answers` lists them."""
        for slip in current_slips(store, period=period):
            stratum = Stratum(slip.unit, slip.fingerprint, Channel.PAPER)
            given = {key: answer.given for key, answer in slip.answers.items()}
            yield Slip(stratum, SlipState.of(slip.standing, slip.reason), slip.reason or "", given)

    forms = store.forms
    for period in slips:
        counted = tally(store, period).tallies
        if counted != count(one_by_one(period), forms):
            raise SystemExit(f"{period}: SQL and Python do not count the same")
    print(f"{sum(slips.values())} slips of {len(slips)} months: SQL and Python count the same")
