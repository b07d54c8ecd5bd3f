"""Batches at the desk: the receipt on screen and on paper; one corrected, taken back, given back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from starlette.responses import Response

from omr.errors import OmrError, ScanError
from omr.messages import month
from omr.records.batches.batches import Batch
from omr.records.batches.receipt import PageProblem, Receipt, receipt_of
from omr.records.batches.receipt_pdf import print_receipt
from omr.records.batches.receipt_said import figures
from omr.records.batches.withdrawal import Change, give_back_batch, withdraw_batch
from omr.records.cases.rescans import rescans_of
from omr.records.inbox.inbox import Inbox
from omr.records.intake.orders import Orders
from omr.records.store.store import Store
from omr.web.cases import stacks
from omr.web.frame.desks import PV01
from omr.web.frame.pages import NotFoundError, page, see_other, sentence
from omr.web.frame.pictures import jpeg, thumbnail
from omr.web.frame.visit import Visit
from omr.web.incoming.intake import months_offered, units_offered

_THUMBNAIL_PX: Final = 320


def receipt(visit: Visit) -> Response:
    """Show the receipt of a batch, which sheets to scan again, and what may be corrected."""
    with visit.office.store() as store:
        return _show(visit, store, _receipt(visit, store))


@dataclass(frozen=True, slots=True)
class Sent:
    """What was just sent and had been read before: the receipt that is shown is older than the stack."""

    files: tuple[PageProblem, ...]
    nothing_new: bool  # all of it was in this batch already
    otherwise: tuple[tuple[str, str, str], ...]  # what was told otherwise: its name, the first time, now
    orders: Orders  # with the hand count that was told now


def _sent(visit: Visit, made: Receipt) -> Sent | None:
    """Return what came last with files of this batch; None where nobody asks, or it is another's."""
    inbox = Inbox(visit.office.workspace)
    stack, batch = inbox.find(visit.query("sent")), made.batch
    if stack is None or inbox.batch(stack) != batch.name:
        return None
    if visit.own_unit_only(*PV01) not in (None, stack.unit):
        return None
    files = inbox.read_before(stack)
    nothing_new = any(one.values.get("batch") == batch.name for one in files)
    first, now = batch.orders, stack.orders
    told = (
        ("unit", first.unit, now.unit),
        ("period", first.period and month(first.period), now.period and month(now.period)),
        ("counted", first.expected, now.expected),
    )
    otherwise = [
        (word, "–" if one is None else str(one), str(other))
        for word, one, other in told
        if nothing_new and other is not None and one != other
    ]
    counted = now.expected if any(word == "counted" for word, *_ in otherwise) else first.expected
    return Sent(files, nothing_new, tuple(otherwise), replace(first, expected=counted))


def paper(visit: Visit) -> Response:
    """Return the receipt as it is signed: the same that the command line prints."""
    with visit.office.store() as store:
        made = _receipt(visit, store)
        if (sent := _sent(visit, made)) and sent.nothing_new:
            made = receipt_of(store, made.batch.name, again=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        target = Path(folder) / "receipt.pdf"
        signed = visit.office.signature(made.batch.by)
        print_receipt(made, visit.office.workspace.settings.office, target, signed)
        content = target.read_bytes()
    headers = {"Content-Disposition": f'inline; filename="{made.batch.name}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


def bad_page_picture(visit: Visit) -> Response:
    """Show a page that could not be read, or is blank, small: enough to find the sheet in the stack."""
    number = visit.parameter("page")
    with visit.office.store() as store:
        made = _receipt(visit, store)
        if number not in {str(page.key) for page in (*made.to_scan_again, *made.backs)}:
            raise NotFoundError
        try:
            picture = jpeg(thumbnail(visit.office.pictures.pixels(store, int(number)), _THUMBNAIL_PX))
        except ScanError:
            return Response(_NO_PICTURE, media_type="image/svg+xml")
    return Response(picture, media_type="image/jpeg")


_NO_PICTURE: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 148 210">'
    '<rect width="148" height="210" fill="#eee"/>'
    '<path d="M40 70l68 70m0-70l-68 70" stroke="#999" stroke-width="4"/></svg>'
)


def correct(visit: Visit) -> Response:
    """Correct what was told of a batch: what that changes is shown first, and recorded once confirmed."""
    with visit.office.store() as store:
        change, problem = stacks.corrected(visit, store, _receipt(visit, store).batch)
        return _show(visit, store, _receipt(visit, store), change=change, problem=problem)


def not_rescanned(visit: Visit) -> Response:
    """Take back that a page and a slip are one sheet."""
    with visit.office.store() as store:
        stacks.apart(visit, store, _receipt(visit, store).batch)
        return _show(visit, store, _receipt(visit, store))


def withdraw(visit: Visit) -> Response:
    """Take a batch back; nothing of it counts, and everything is kept."""

    def act(store: Store, batch: Batch) -> Change:
        return withdraw_batch(store, batch.name, by=visit.me.name, why=_why(visit))

    return _act(visit, "withdraw", act)


def restore(visit: Visit) -> Response:
    """Let a batch count again that was taken back."""

    def act(store: Store, batch: Batch) -> Change:
        return give_back_batch(store, batch.name, by=visit.me.name, why=_why(visit))

    return _act(visit, "restore", act)


def _act(visit: Visit, word: str, act: Callable[[Store, Batch], Change]) -> Response:
    """Show what an act would change; do it where that was seen."""
    with visit.office.store() as store:
        made = _receipt(visit, store)
        try:
            with store.trial():
                would = act(store, made.batch)
            if not visit.form.get("sure"):
                return _show(visit, store, made, word=word, would=would)
            act(store, made.batch)
        except OmrError as error:
            return _show(visit, store, made, word=word, refused=sentence(str(error)))
    visit.office.note(visit.me.name, "batch_corrected", f"{made.batch.name} {word}")
    visit.office.worklist.forget()
    return see_other(f"/batches/{made.batch.name}")


def _show(
    visit: Visit,
    store: Store,
    made: Receipt,
    *,
    word: str = "",
    would: Change | None = None,
    refused: str = "",
    change: Change | None = None,
    problem: str = "",
) -> Response:
    sent = _sent(visit, made)
    typed = "expected" in visit.form
    return page(
        visit,
        "receipt.html",
        status=400 if problem or refused else 200,
        receipt=made,
        figures=figures(made, visit.office.signature(made.batch.by)),
        rescans=rescans_of(store, made.batch.name),
        whole=visit.own_unit_only(*PV01) is None,
        units=units_offered(store),
        months=months_offered(),
        told=sent.orders if sent and not typed else stacks.told(visit, made.batch),
        sent=sent,
        change=change,
        problem=sentence(problem) if problem else "",
        word=word,
        would=would,
        refused=refused,
    )


def _why(visit: Visit) -> str:
    return " ".join(visit.form.get("why", "").split())[:300]


def _receipt(visit: Visit, store: Store) -> Receipt:
    try:
        made = receipt_of(store, visit.parameter("batch"))
    except OmrError as error:
        raise NotFoundError from error
    if visit.own_unit_only(*PV01) not in (None, made.batch.orders.unit):
        raise NotFoundError
    return made
