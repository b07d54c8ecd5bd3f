"""Does a slip that was just read count by itself? If not: why, and which slip came first."""

from __future__ import annotations

from dataclasses import dataclass

from omr.forms.serial import Issue
from omr.forms.template import Form
from omr.records.intake.orders import Orders
from omr.records.intake.same_sheet import is_same_sheet, twin_of
from omr.records.offices.periods import state_of
from omr.records.register.custody import Custody, Place
from omr.records.store.store import Store
from omr.words import Aside, PeriodState, Seal


@dataclass(frozen=True, slots=True)
class Seen:
    """What tells one scan of a slip from another."""

    reading: int
    picture: str  # SHA-256
    marks: bytes  # packed
    seal: Seal
    older: tuple[str, ...] = ()  # what earlier versions would call the picture


class Admission:
    """Judges slips one after the other, within one act: what came before it in the act counts too."""

    def __init__(self, store: Store, orders: Orders) -> None:
        self._store = store
        self._orders = orders
        self._custody = Custody(store)
        self._known: dict[tuple[str, int], list[Seen]] = {}  # by serial and page

    def place(self, issue: Issue, number: int) -> Place:
        """Return where a serial is registered; hand-overs and stock counts may have moved it."""
        return self._custody.place(issue.run, number) or Place(issue.unit, issue.period)

    def why_aside(
        self, form: Form, serial: str, issue: Issue, number: int, seen: Seen
    ) -> tuple[Aside | None, int | None]:
        """Return why a page does not count by itself, or None; and the first reading of the same page.

        Parameters
        ----------
        form : Form
            The page of it that was read, see `Form.page`.
        """
        earlier = self._earlier(serial, form.number)
        earlier.append(seen)
        if len(earlier) > 1:
            return against(form, seen, earlier[:-1]), earlier[0].reading
        reason = self.why_aside_alone(issue, number)
        if reason is None and (twin := self.typed_twin(form, issue, number, serial, seen)) is not None:
            return Aside.DUPLICATE_OTHER_IMAGE, twin  # a person sees both, and which number was typed wrong
        return reason, None

    def typed_twin(self, form: Form, issue: Issue, number: int, serial: str, seen: Seen) -> int | None:
        """Return the reading under whose typed serial this very sheet counts already, if one does."""
        place = self.place(issue, number)
        where = {"mark": issue.fingerprint, "unit": place.unit, "period": place.period, "serial": serial}
        twin = twin_of(self._store, form, seen.marks, seen.seal, **where, typed_only=True)
        return None if twin is None else twin[0]

    def why_aside_alone(self, issue: Issue, number: int) -> Aside | None:
        """Return why the first slip with its serial does not count by itself."""
        place = self.place(issue, number)
        if self._orders.unit not in (None, place.unit):
            return Aside.OTHER_UNIT
        if self._orders.period not in (None, place.period):
            return Aside.OTHER_PERIOD
        spoiled = "SELECT 1 FROM spoilings WHERE run = ? AND ? BETWEEN first AND last"
        if self._store.row(spoiled, issue.run, number) is not None:
            return Aside.SPOILED
        if state_of(self._store, place.period) is PeriodState.CLOSED:
            return Aside.PERIOD_CLOSED
        return None

    def _earlier(self, serial: str, page: int) -> list[Seen]:
        if (serial, page) not in self._known:
            rows = self._store.rows(
                """SELECT readings.reading, picture, marks, seal
                FROM slips JOIN readings USING (reading) JOIN pages ON pages.page = readings.page
                WHERE slips.serial = ? AND coalesce(readings.form_page, 1) = ? ORDER BY readings.reading""",
                serial,
                page,
            )
            self._known[serial, page] = [
                Seen(row["reading"], row["picture"], row["marks"], Seal(row["seal"])) for row in rows
            ]
        return self._known[serial, page]


def against(form: Form, seen: Seen, earlier: list[Seen]) -> Aside:
    """Return what a slip is beside others with its serial: the very scan, the same sheet, or unlike them."""
    if any(other.picture in (seen.picture, *seen.older) for other in earlier):
        return Aside.SAME_IMAGE
    if any(is_same_sheet(form, other.marks, seen.marks, (other.seal, seen.seal)) for other in earlier):
        return Aside.SAME_SHEET
    return Aside.DUPLICATE_OTHER_IMAGE
