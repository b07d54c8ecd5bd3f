"""The hall: one open workspace, and what is done in it. Every door leads through here.

Command line, desks, folder watch, worker processes, demonstration, measurements and tests open
an `Office`; nobody else puts together the calibration, the forms as printed, the serials, the
reader and the register. What is heavy is imported when it is first used: help, and commands
that only look something up, must not wait for OpenCV.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from omr import log
from omr.errors import AccessError, OmrError, RegisterError, passes
from omr.forms.serial import IssuedSerials
from omr.forms.template import fingerprint
from omr.forms.traced import confirmed_forms
from omr.means import MEANS, Means, Reader
from omr.records.inbox.inbox import Inbox, Stack, Way
from omr.records.intake.orders import Orders
from omr.records.offices.units import import_units, read_units
from omr.records.register.register import end_interrupted, issue, issued
from omr.records.store.act import now
from omr.records.store.store import Store
from omr.workspace import Workspace

if TYPE_CHECKING:
    from omr.forms.serial import Issue, Serial
    from omr.forms.template import Form
    from omr.forms.traced import Foreign
    from omr.reading.files.find import LeftOut
    from omr.reading.ink.measure import MarkReading
    from omr.reading.limits import Limits as PageLimits
    from omr.reading.marks.calibrate import Calibration, Limits
    from omr.reading.reader import Desk, ReadPage, Result
    from omr.records.anew.redecide import Redecided, Remeasured
    from omr.records.batches.receipt import Receipt
    from omr.records.counts.slips import CurrentSlip
    from omr.records.month.closing import PeriodStatus
    from omr.records.offices.periods import Period
    from omr.records.review.queue import Item
    from omr.reports.figures.statistics import Month
    from omr.words import Seal

_ITEMS_SHOWN = 10  # of a list in a message


@dataclass(frozen=True)
class Office:
    """One open workspace: who acts in it, its register, and the means to work with.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with Office.open(Workspace.create(Path(folder)), by="lan") as office:
    ...         list(office.answers())
    []
    """

    workspace: Workspace
    store: Store
    by: str
    means: Means = MEANS
    two_persons: bool = False  # what makes a slip count, two people say; where there are accounts
    barred: frozenset[str] = frozenset()  # units whose pages this person does not decide

    def among_persons(self, unit: str | None) -> Office:
        """Return the office for one of several people with accounts, who may belong to a unit."""
        own = unit is not None and not self.workspace.settings.access.own_unit
        return replace(self, two_persons=True, barred=frozenset({unit} if unit and own else ()))

    @classmethod
    @contextmanager
    def open(
        cls,
        workspace: Workspace,
        *,
        by: str,
        means: Means = MEANS,
        clock: Callable[[], str] = now,
        examine: bool = False,
    ) -> Iterator[Office]:
        """Open the register of a workspace for somebody.

        Parameters
        ----------
        clock : callable
            Gives the time that is written to events.
        examine : bool
            Open a register that lacks events, too, to look at it.

        Raises
        ------
        StoreError
            If the register cannot be opened.
        """
        with Store.open(workspace.database, clock, examine=examine) as store:
            yield cls(workspace, store, by, means)

    @cached_property
    def calibration(self) -> Calibration:
        """What tells a mark from no mark: the office's own, else the built-in."""
        return self.means.calibration(None, self.workspace.calibration)

    @property
    def limits(self) -> Limits:
        """From which confidence on no person is asked."""
        return self.calibration.limits

    @property
    def serials(self) -> IssuedSerials:
        """All serials that are on paper."""
        return IssuedSerials(issued(self.store))

    def desk(self) -> Desk:
        """Return what the reader needs to know: serials, forms as printed, calibration."""
        from omr.reading.reader import Desk
        from omr.reading.traced.read import TracedForms

        traced = TracedForms({fingerprint(one.form): one for one in self.traced.values()})
        return Desk(self.serials, self.store.forms, self.calibration, self.limits_of_a_page, traced)

    @cached_property
    def traced(self) -> dict[str, Foreign]:
        """The forms of other makers that people confirmed, by name."""
        return confirmed_forms(self.workspace.forms)

    @property
    def limits_of_a_page(self) -> PageLimits:
        """What one page of a stranger's file may take."""
        from omr.reading.limits import Limits as PageLimits

        settings = self.workspace.settings.reading
        return PageLimits(seconds=settings.seconds, megabytes=settings.megabytes)

    def form(self, name: str) -> Form:
        """Return a form that may be printed, by its name."""
        return self.means.find_form(name, self.workspace.forms)

    def import_units(self, data: bytes) -> None:
        """Enter the units of a table (CSV or spreadsheet); see `units.read_units`."""
        import_units(self.store, read_units(data), by=self.by)

    def issue(
        self, form: Form, *, unit: str, period: str, count: int, target: Path, seed: int | None = None
    ) -> Issue:
        """Register new serials for a unit and print them, both or neither; see `register.issue`."""
        return issue(
            self.store,
            form,
            unit=unit,
            period=period,
            count=count,
            target=target,
            by=self.by,
            seed=seed,
            electronic_url=self.workspace.settings.electronic_form_url,
            print_forms=self.means.print_forms,
        )

    def read(
        self,
        orders: Orders,
        files: Sequence[Path],
        how: Reader | None = None,
        *,
        seen: Callable[[Result], None] = lambda result: None,
        waits: Callable[[str], None] = lambda batch: None,
        prints: bool = False,
    ) -> Receipt:
        """Read files into a batch, going on with an interrupted one, and return its receipt.

        Parameters
        ----------
        orders : Orders
            What was said about the stack.
        how : callable, optional
            Turns encoded pages into results, in order; without it workers of this machine.
        seen : callable
            Told of every result as it comes, for a progress bar.
        waits : callable
            Told of a batch that another program reads, before waiting for it.

        Raises
        ------
        OmrError
            If the stack cannot be read at all; a page that cannot be read is no error.
        """
        from omr.reading.limits import load_ahead

        started = time.perf_counter()
        load_ahead()
        from omr.records.batches.receipt import receipt
        from omr.records.intake.intake import take_in

        end_interrupted(self.store, by=self.by)
        self._take_on_traced()
        reader, desk = how or self.means.read_pages, self.desk()
        taken = take_in(
            self.store,
            files,
            lambda pages: reader(pages, desk),
            orders,
            scans=self.workspace.scans,
            by=self.by,
            limits=self.limits_of_a_page,
            seen=seen,
            waits=waits,
            prints=prints,
            pages_per_act=self.means.pages_per_act,
        )
        if not taken.again:
            self._close_rescanned(taken.batch, desk)
        seconds = time.perf_counter() - started
        made = receipt(
            *(self.store, taken.batch, taken.files),
            again=taken.again,
            seconds=seconds,
            expected=taken.expected,
        )
        told = {"pages": made.came.pages, "read": made.came.read, "rejected": made.came.rejected}
        log.event("read", batch=made.batch.name, to_review=made.to_review, seconds=seconds, **told)
        return made

    def _take_on_traced(self) -> None:
        """Enter forms of other makers before the first page of theirs is read."""
        if self.traced:
            from omr.records.intake.elsewhere import take_on

            take_on(self.store, self.traced, self.workspace.scans, by=self.by)

    def _close_rescanned(self, batch: str, desk: Desk) -> None:
        """Close the cases of pages that were not read and whose sheets this batch brought again."""
        from omr.records.cases.rescans import Sheet, close_rescanned
        from omr.records.cases.typed import looked_at

        def look(item: Item, sheet: Sheet) -> tuple[tuple[MarkReading, ...], Seal] | None:
            return looked_at(self.store, self.workspace.path, item, sheet, desk)

        close_rescanned(self.store, batch, look, by=self.by)

    def read_stack(
        self,
        stack: Stack,
        how: Reader | None = None,
        *,
        waits: Callable[[str], None] = lambda batch: None,
        prints: bool = False,
    ) -> Receipt:
        """Read a stack of the inbox, which is told how far it is; see `read`."""
        from omr.records.batches.receipt import FILE_AGAIN
        from omr.records.inbox.progress import Counting, count_pages

        inbox = Inbox(self.workspace)
        files = inbox.files(stack)
        # At the command line the files are counted while they are read: a month of pages is not opened twice.
        total = 0 if stack.way == Way.READ else count_pages(files, self.limits_of_a_page)
        counting = Counting(partial(inbox.tell, stack), total=total)
        made = self.read(stack.orders, files, how, seen=counting.seen, waits=waits, prints=prints)
        counting.tell()
        inbox.finish(stack, made.batch.name, (one for one in made.problems if one.reason == FILE_AGAIN))
        return made

    def read_now(
        self,
        orders: Orders,
        files: Sequence[Path],
        how: Reader | None = None,
        *,
        names: Mapping[Path, str] = MappingProxyType({}),
        waits: Callable[[str], None] = lambda what: None,
        prints: bool = False,
    ) -> Receipt:
        """Put files into the inbox and read them; interrupted, whichever program starts next goes on.

        Parameters
        ----------
        names : mapping, optional
            What files are called that lay in folders.
        prints : bool
            Take our own print files in, too; else they are refused.

        Raises
        ------
        OmrError
            If the stack cannot be read at all; then nothing of it is left in the inbox.
        """
        from omr.records.batches.receipt import receipt_of
        from omr.records.inbox.bring import brought

        inbox, orders = Inbox(self.workspace), orders.checked(self.store)
        with brought(inbox, orders, files, by=self.by, names=names, waits=waits) as stack:
            batch = inbox.batch(stack)
            if batch is not None:  # another program read it while this one waited
                return receipt_of(self.store, batch)
            try:
                return self.read_stack(stack, how, waits=waits, prints=prints)
            except OmrError as error:
                if not passes(error):
                    inbox.fail(stack, error)
                    inbox.drop(stack)
                raise

    def leave_out(self, made: Receipt, left_out: Sequence[LeftOut]) -> Receipt:
        """Keep with its batch what was given and not read, and return the receipt with it."""
        from dataclasses import replace

        from omr.records.intake.left_out import add_left_out, left_out_of

        batch = made.batch.name
        if {(one.path, one.reason) for one in left_out} - {
            (one.path, one.reason) for one in left_out_of(self.store, batch)
        }:
            with self.store.act("leave_out", by=self.by) as act:
                add_left_out(self.store, act, batch, left_out)
        return replace(made, left_out=tuple(left_out_of(self.store, batch)))

    def decide(self, item: str, answer: Sequence[str], *, why: str) -> bool:
        """Record what a person says about an item of the review queue; see `review.decide`."""
        from omr.records.review.decide import decide

        self._refuse_own(item)
        return decide(
            self.store,
            item,
            answer,
            by=self.by,
            why=why,
            read=self._read_typed,
            two_persons=self.two_persons,
        )

    def decide_answers(self, said: Mapping[str, Sequence[str]], *, why: str) -> None:
        """Record what a person says about several doubtful answers, in one act."""
        from omr.records.review.decide import decide_answers

        for item in said:
            self._refuse_own(item)
        decide_answers(self.store, said, by=self.by, why=why)

    def correct(self, item: str, answer: Sequence[str], *, why: str) -> bool:
        """Say what a slip says where the machine was sure of something else; see `corrections.correct`."""
        from omr.records.review.corrections import correct

        self._refuse_own(item)
        return correct(self.store, item, answer, by=self.by, why=why, two_persons=self.two_persons)

    def _refuse_own(self, item: str) -> None:
        from omr.records.review.queue import find_item, units_of

        if self.barred and (own := self.barred & units_of(self.store, find_item(self.store, item))):
            raise AccessError("review.own_unit", unit=min(own))

    def close_period(self, period: Period, *, why: str = "") -> PeriodStatus:
        """Close a period; where it takes two people, once a second one confirmed what one decided.

        Raises
        ------
        RegisterError
            As `closing.close`, or if a decision waits for a second person.
        """
        from omr.records.month.closing import close
        from omr.records.review.corrections import waiting_corrections
        from omr.records.review.whole_slips import unconfirmed

        wanted = [one.item for one in waiting_corrections(self.store, period.name)]
        if self.two_persons and (alone := [*unconfirmed(self.store, period.name), *wanted]):
            items = ", ".join(alone[:_ITEMS_SHOWN])
            raise RegisterError("register.unconfirmed", period=period, count=len(alone), items=items)
        return close(self.store, period, by=self.by, why=why)

    def _read_typed(self, item: Item, serial: Serial, page: int | None = None) -> ReadPage:
        from omr.records.cases.typed import read_typed

        return read_typed(self.store, self.workspace.path, item, serial, self.desk(), page)

    def redecide(
        self,
        period: str | None = None,
        calibration: str | None = None,
        *,
        keep: bool,
    ) -> list[Redecided]:
        """Decide again from what was measured; with `keep`, what changes counts from now on.

        Parameters
        ----------
        period : str, optional
            Only slips that count for this period; closed ones stay as they are.
        calibration : str, optional
            Its name; without it the one in force.

        Raises
        ------
        OmrError
            If the period is closed, or there is no such calibration.
        """
        from omr.records.anew.redecide import keep as kept
        from omr.records.anew.redecide import redecided

        chosen = self.means.calibration(calibration, self.workspace.calibration)
        when = self._open_period(period, keep=keep)
        slips = list(redecided(self.store, chosen, when, self.means.judge))
        if keep:
            kept(self.store, slips, chosen, by=self.by)
        return slips

    def remeasure(
        self,
        period: str | None = None,
        calibration: str | None = None,
        *,
        keep: bool,
        workers: int | None = None,
    ) -> Remeasured:
        """Measure again from the kept originals, and decide from that; closed periods stay as they are.

        What is kept is kept by and by: a run that was interrupted loses what it had not kept yet.

        Raises
        ------
        OmrError
            As `redecide`.
        """
        from functools import partial

        from omr.records.anew.redecide import remeasured
        from omr.records.anew.remeasure import measured_again

        chosen = self.means.calibration(calibration, self.workspace.calibration)
        when = self._open_period(period, keep=keep)
        desk = replace(self.desk(), calibration=chosen)
        reader = partial(self.means.read_pages, desk=desk, workers=workers)
        slips = measured_again(self.store, self.workspace.path, desk, reader, when)
        return remeasured(self.store, slips, chosen, self.means.judge, by=self.by if keep else None)

    def _open_period(self, period: str | None, *, keep: bool) -> str | None:
        """Return a period's name; refuse to change a closed one."""
        from omr.records.offices.periods import parse_period, refuse_closed

        when = parse_period(period).name if period else None
        if when is not None and keep:
            refuse_closed(self.store, when)
        return when

    def answers(self, *, batch: str | None = None, period: str | None = None) -> Iterator[CurrentSlip]:
        """Yield what counts today, every returned slip once, in the order of reading."""
        from omr.records.counts.slips import current_slips

        return current_slips(self.store, batch=batch, period=period)

    def month(self, period: str, *, unit: str | None = None) -> Month:
        """Return everything that was counted in a period, of all units or of one."""
        from omr.reports.monthly import gather

        return gather(self.store, period, unit=unit)
