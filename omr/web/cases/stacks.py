"""What was told of a stack is corrected, and what was taken for one sheet is told apart."""

from __future__ import annotations

from omr.errors import OmrError
from omr.records.batches.batches import Batch
from omr.records.batches.withdrawal import Change, correct_batch
from omr.records.cases.rescans import find_rescan
from omr.records.intake.orders import Orders
from omr.records.review.queue import WITHDRAW
from omr.records.store.store import Store
from omr.web.frame.desks import PV01
from omr.web.frame.visit import Visit


def told(visit: Visit, batch: Batch) -> Orders:
    """Return what the form says of a batch: what was typed, else what is known."""
    form = visit.form
    if "expected" not in form:
        return batch.orders
    counted = form["expected"].strip()
    expected = int(counted) if counted.isdecimal() and len(counted) < 7 else None
    if visit.own_unit_only(*PV01) is not None:  # a clerk counts; whose the stack is, PV01 says
        return Orders(batch.orders.unit, batch.orders.period, expected)
    return Orders(form.get("unit") or None, form.get("period") or None, expected)


def corrected(visit: Visit, store: Store, batch: Batch) -> tuple[Change | None, str]:
    """Correct a batch once the form is confirmed; before, return what it would change. And what is wrong."""
    counted, why = visit.form.get("expected", "").strip(), visit.form.get("why", "").strip()[:300]
    orders, name = told(visit, batch), visit.me.name
    try:
        if counted and orders.expected is None:
            raise OmrError("cases.bad_count", text=counted[:20])
        if visit.form.get("confirm"):
            correct_batch(store, batch.name, orders, by=name, why=why)
            visit.office.worklist.forget()
            return None, ""
        with store.trial():
            return correct_batch(store, batch.name, orders, by=name, why=why), ""
    except OmrError as error:
        return None, str(error)


def apart(visit: Visit, store: Store, batch: Batch) -> None:
    """Take back that an unread page was scanned again as a slip: it waits once more.

    Raises
    ------
    OmrError
        If no match of this page stands.
    """
    number = visit.form.get("page", "")
    page = int(number) if number.isdecimal() and len(number) < 16 else 0
    rescan = find_rescan(store, batch.name, page)
    why = visit.form.get("why", "").strip()[:300] or f"not the sheet of {rescan.serial}"
    visit.office.hall(store, visit.me.name).decide(f"P{page}", [WITHDRAW], why=why)
    visit.office.worklist.forget()
