"""Acts and their counter-acts in any order: every figure is the sum of what stands, and never one person's.

A stack comes in, is withdrawn, given back, corrected; serials are handed over, counted, spoiled; people
judge slips, answers and pages, agree, differ and take it back; months are closed and adjusted. After each
act the laws below are looked at (``ACTS=200`` for a long run, or ``make acts``).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from scanned import FORM, KnownMeans, Outcome, Scanner, quick_print, rejected, slip
from tallying import PERIOD, counted

from omr.errors import OmrError
from omr.forms.serial import Issue
from omr.office import Office
from omr.reading.reader import ReadPage
from omr.records.batches.withdrawal import (
    correct_batch,
    give_back_batch,
    judged_anew,
    stand_anew,
    withdraw_batch,
)
from omr.records.counts.kept_tallies import tallies_of
from omr.records.counts.tallies import SlipState, tally
from omr.records.intake.orders import Orders
from omr.records.month.closing import adjust, close, status
from omr.records.month.reconcile import reconcile
from omr.records.offices.periods import parse_period
from omr.records.offices.units import import_units, read_units
from omr.records.proof.chain import verify
from omr.records.register.register import issue
from omr.records.register.stock import count, receive, spoil, withdraw_count
from omr.records.review.decide import decide
from omr.records.safekeeping.backup import back_up
from omr.records.safekeeping.restore import restore
from omr.records.store.store import Store
from omr.words import Carrier, PeriodState
from omr.workspace import Workspace

UNITS = b"unit,name,kind,valid_from\nPC06,PC06,department,2023-01-01\nPC08,PC08,department,2023-01-01\n"
MONTHS = ("2026-11", "2026-12")
NUMBERS = st.integers(1, 6)
PAGES = st.lists(
    st.tuples(st.integers(0, 2), NUMBERS, st.sampled_from(["5", "1", "", "?"])), min_size=1, max_size=3
)
PEOPLE = st.sampled_from(["lan", "minh", "hoa"])
WORDS = ("counts", "refused", "KHL4", "withdraw")
PAGE_WORDS = ("not_a_slip", "KHL1", "KHL6", "withdraw")
WHY = "đã xem"
Pages = list[tuple[int, int, str]]  # of a print run, the number of a sheet in it, what B1 and B10 say


class Month(RuleBasedStateMachine):
    """A register, and what people do to it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.workspace = Workspace.create(self.folder / "office")
        (self.folder / "in").mkdir()
        self.store = Store.open(self.workspace.database)
        self.scanner = Scanner(self.folder / "in", self.store, self.workspace)
        self.batches: list[str] = []
        self.files: list[Path] = []
        self.said: dict[str, dict[str, str]] = {}  # item -> person -> the latest word
        self.closed: dict[str, Any] = {}  # what a closed month says

    @initialize(pages=PAGES, more=PAGES, told=st.sampled_from([{}, {"unit": "PC06"}]))
    def printed(self, pages: Pages, more: Pages, told: dict[str, str]) -> None:
        """A month begins with two stacks; what of the first lay in the second, too, hangs on the first."""
        import_units(self.store, read_units(UNITS), by="t")
        wanted = (("PC06", "2026-11"), ("PC08", "2026-11"), ("PC06", "2026-12"))
        self.runs: list[Issue] = [
            issue(
                *(self.store, FORM),
                **{"unit": unit, "period": period, "count": 6, "by": "t", "print_forms": quick_print},
                target=self.folder / f"{number}.pdf",
            )
            for number, (unit, period) in enumerate(wanted)
        ]
        self.take_in(pages, told)
        self.take_in([*pages[:2], *more], {})

    def figures(self) -> dict[str, Any]:
        """Return all that a month's report and books are made of."""
        return {
            month: (tally(self.store, month), reconcile(self.store, parse_period(month))) for month in MONTHS
        }

    def try_to(self, act: Callable[[], object]) -> bool:
        """Do something; what is refused changes nothing."""
        events, figures = self.store.last_event, self.figures()
        try:
            act()
        except OmrError as error:
            assert str(error) and "\n" not in str(error)
            assert (self.store.last_event, self.figures()) == (events, figures)
            return False
        return True

    # --- what is scanned, and what is told of it -----------------------------------------------------

    @rule(
        pages=PAGES,
        unread=st.booleans(),
        told=st.sampled_from([{}, {"unit": "PC06"}, {"unit": "PC08", "period": "2026-11"}]),
    )
    def stack(self, pages: Pages, unread: bool, told: dict[str, str]) -> None:
        self.take_in(pages, told, unread)

    def take_in(self, pages: Pages, told: dict[str, str], unread: bool = False) -> None:
        results: list[Outcome] = [
            slip(self.runs[run], self.runs[run].first + number - 1, B1=code, B10=code)
            for run, number, code in pages
        ]
        results += [rejected("serial_unreadable")] * unread
        file = self.scanner.scan(f"{len(self.files)}.tif", *results)
        self.files.append(file)
        if self.try_to(lambda: self.batches.append(self.scanner.take_in(file, **told).batch.name)):
            self.batches = list(dict.fromkeys(self.batches))

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def stack_again(self, data: st.DataObject) -> None:
        file = data.draw(st.sampled_from(self.files))
        before = self.figures()
        if self.try_to(lambda: self.scanner.take_in(file)):
            assert self.figures() == before  # it was read before, or withdrawn: nothing comes in twice

    @precondition(lambda self: self.batches)
    @rule(
        data=st.data(), unit=st.sampled_from(["PC06", "PC08", None]), month=st.sampled_from([*MONTHS, None])
    )
    def correct(self, data: st.DataObject, unit: str | None, month: str | None) -> None:
        batch = data.draw(st.sampled_from(self.batches))
        self.try_to(lambda: correct_batch(self.store, batch, Orders(unit, month, 3), by="lan", why=WHY))

    @precondition(lambda self: self.batches)
    @rule(data=st.data(), at_once=st.booleans())
    def withdraw(self, data: st.DataObject, at_once: bool) -> None:
        batch = data.draw(st.sampled_from(self.batches))
        before = self.figures()
        with suppress(OmrError), self.store.trial():
            withdraw_batch(self.store, batch, by="lan", why=WHY)
        assert self.figures() == before  # looked at, and nothing stored
        done = self.try_to(lambda: withdraw_batch(self.store, batch, by="lan", why=WHY))
        if done and at_once:
            give_back_batch(self.store, batch, by="lan", why=WHY)
            assert self.figures() == before

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        batch = data.draw(st.sampled_from(self.batches))
        self.try_to(lambda: give_back_batch(self.store, batch, by="lan", why=WHY))

    # --- paper in stock ------------------------------------------------------------------------------

    def span(self, run: int, first: int, more: int) -> list[str]:
        issued = self.runs[run]
        last = min(first + more, 6)
        return [f"{issued.serial(issued.first + first - 1)}..{issued.serial(issued.first + last - 1)}"]

    @rule(
        run=st.integers(0, 2), first=NUMBERS, more=st.integers(0, 3), unit=st.sampled_from(["PC06", "PC08"])
    )
    def hand_over(self, run: int, first: int, more: int, unit: str) -> None:
        self.try_to(lambda: receive(self.store, self.span(run, first, more), unit=unit, by="lan", why=WHY))

    @rule(run=st.integers(0, 2), first=NUMBERS, more=st.integers(0, 3), month=st.sampled_from(MONTHS))
    def in_stock(self, run: int, first: int, more: int, month: str) -> None:
        where = {"unit": self.runs[run].unit, "form": "DL-01", "period": month}
        self.try_to(lambda: count(self.store, self.span(run, first, more), **where, by="lan"))

    @rule(unit=st.sampled_from(["PC06", "PC08"]), month=st.sampled_from(MONTHS))
    def not_in_stock(self, unit: str, month: str) -> None:
        where = {"unit": unit, "form": "DL-01", "period": month}
        self.try_to(lambda: withdraw_count(self.store, **where, by="lan", why=WHY))

    @rule(run=st.integers(0, 2), first=NUMBERS)
    def spoiled(self, run: int, first: int) -> None:
        self.try_to(lambda: spoil(self.store, self.span(run, first, 0), why=WHY, by="lan"))

    # --- what people say -----------------------------------------------------------------------------

    def say(self, item: str, word: str, by: str) -> None:
        """Let somebody say something about a slip or a page; alone nobody changes a figure."""

        def typed(of: object, serial: Any) -> ReadPage:
            run = next(one for one in self.runs if one.holds(serial))
            page = slip(run, serial.number)
            return replace(page, page=replace(page.page, carriers=(Carrier.TYPED,)))

        before, words = self.figures(), self.said.setdefault(item.replace("H", "S"), {})
        agreed = _agreed(words)
        if self.try_to(
            lambda: decide(self.store, item, [word], by=by, why=WHY, read=typed, two_persons=True)
        ):
            words.pop(by, None)
            words[by] = word
            if self.figures() != before:
                assert agreed or _agreed(words), (item, word, by, words)

    @precondition(lambda self: self.batches)
    @rule(data=st.data(), word=st.sampled_from(WORDS), by=PEOPLE)
    def judge_slip(self, data: st.DataObject, word: str, by: str) -> None:
        readings = int(self.store.value("SELECT coalesce(max(reading), 0) FROM readings") or 0)
        kind = data.draw(st.sampled_from("HS"))
        self.say(f"{kind}{data.draw(st.integers(1, max(1, readings)))}", word, by)

    @precondition(lambda self: self.batches)
    @rule(data=st.data(), by=PEOPLE, number=NUMBERS)
    def judge_page(self, data: st.DataObject, by: str, number: int) -> None:
        rows = self.store.rows("SELECT page FROM pages WHERE outcome = 'rejected'")
        pages = [row["page"] for row in rows]
        if not pages:
            return
        run = self.runs[data.draw(st.integers(0, 2))]
        word = data.draw(st.sampled_from([*PAGE_WORDS, str(run.serial(run.first + number - 1))]))
        self.say(f"P{data.draw(st.sampled_from(pages))}", word, by)

    @precondition(lambda self: self.batches)
    @rule(data=st.data(), code=st.sampled_from(["5", "1", "none", "withdraw"]), by=PEOPLE)
    def judge_answer(self, data: st.DataObject, code: str, by: str) -> None:
        readings = int(self.store.value("SELECT coalesce(max(reading), 0) FROM readings") or 0)
        item = f"A{data.draw(st.integers(1, max(1, readings)))}-{data.draw(st.sampled_from(['B1', 'B10']))}"
        self.try_to(lambda: decide(self.store, item, [code], by=by, why=WHY, read=slip))

    @rule(code=st.sampled_from(["5", "1", "", "?"]), keep=st.booleans())
    def decide_anew(self, code: str, keep: bool) -> None:
        """Another calibration says otherwise: where that is only looked at, nothing changes."""
        page, means, before = (
            slip(self.runs[0], self.runs[0].first, B1=code),
            KnownMeans(self.scanner),
            self.figures(),
        )
        means.decide = lambda *measured: (page.verdicts, page.answers)
        office = Office(self.workspace, self.store, "lan", means)
        self.try_to(lambda: office.redecide(keep=keep))
        assert keep or self.figures() == before

    # --- the month -----------------------------------------------------------------------------------

    @rule(month=st.sampled_from(MONTHS))
    def close_month(self, month: str) -> None:
        before = self.figures()
        if self.try_to(lambda: close(self.store, parse_period(month), by="lan", why=WHY)):
            assert self.figures() == before

    @rule(month=st.sampled_from(MONTHS))
    def adjust_month(self, month: str) -> None:
        self.try_to(lambda: adjust(self.store, parse_period(month), by="minh", why=WHY))

    # --- what holds after every act ------------------------------------------------------------------

    @invariant()
    def one_sheet_counts_once(self) -> None:
        twice = "SELECT serial FROM slips WHERE standing = 'counts' GROUP BY serial HAVING count(*) > 1"
        assert [row["serial"] for row in self.store.rows(twice)] == []

    @invariant()
    def nothing_waits_because_of_what_was_withdrawn(self) -> None:
        alone = """SELECT serial FROM slips AS this WHERE standing IN ('held', 'duplicate')
            AND set_aside IN ('same_image', 'same_sheet', 'duplicate_other_image') AND outcome_by_hand IS NULL
            AND NOT EXISTS (SELECT 1 FROM slips AS other WHERE other.serial = this.serial
                            AND other.reading <> this.reading)"""
        assert [row["serial"] for row in self.store.rows(alone)] == []

    @invariant()
    def judging_again_changes_nothing(self) -> None:
        """An act that lets slips stand, fall or move decides what hangs on them, too."""
        open_months = [
            month
            for month in MONTHS
            if status(self.store, parse_period(month)).state is not PeriodState.CLOSED
        ]
        places = ", ".join("?" * len(open_months))
        serials = self.store.rows(
            f"SELECT serial FROM slips GROUP BY serial HAVING min(period IN ({places}))", *open_months
        )
        anew = judged_anew(self.store, [row["serial"] for row in serials])
        if anew.standings:
            before = self.figures()
            with self.store.trial():
                with self.store.act("correct_batch", by="t") as act:
                    stand_anew(act, anew.standings)
                assert self.figures() == before, anew.standings

    @invariant()
    def figures_are_sums_of_slips(self) -> None:
        for month, (tallies, lines) in self.figures().items():
            assert month != PERIOD or counted(self.store) == tallies.tallies
            by_state = {state: 0 for state in SlipState}
            for row in tallies.tallies.slips:
                by_state[row.state] += row.slips
            assert by_state[SlipState.VALID] == sum(line.valid for line in lines)
            assert sum(by_state.values()) == sum(line.returned for line in lines)
            for line in lines:
                assert line.difference == 0 or any(map(bool, line.contradictions.values()))
                assert min(line.figures.values()) >= 0
            closed = status(self.store, parse_period(month)).state is PeriodState.CLOSED
            kept = tallies_of(self.store, month)
            if not closed:
                assert kept == tallies
            elif month in self.closed:  # whatever came in since waits for an adjustment
                assert (kept, tallies.tallies.answers) == self.closed[month]
            self.closed.pop(month, None)
            if closed:
                self.closed[month] = kept, tallies.tallies.answers

    def teardown(self) -> None:
        """All of it is proved at the end, and comes back from a backup as it was."""
        try:
            assert verify(self.store, self.workspace.path).ok
            figures = self.figures()
            back_up(self.workspace, self.folder / "backup")
            restore(self.folder / "backup", self.folder / "new", by="t")
            self.store.close()
            self.store = Store.open(self.folder / "new" / "omr.sqlite")
            assert self.figures() == figures
        finally:
            self.store.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def _agreed(words: dict[str, str]) -> bool:
    """Whether two of the people said the same of late."""
    latest = [word for word in words.values() if word != "withdraw"]
    return len(set(latest)) < len(latest)


Month.TestCase.settings = settings(
    max_examples=int(os.environ.get("ACTS", "4")),
    stateful_step_count=14,
    phases=(Phase.generate,),  # making a failure shorter takes minutes: `ACTS=... --hypothesis-seed=`
    deadline=None,
)
test_acts_in_any_order = Month.TestCase
