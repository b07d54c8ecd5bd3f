"""The comments desk: one handwritten comment after the other, typed, given a topic, masked."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from starlette.responses import Response

from omr.errors import MissingToolError, OmrError, ScanError
from omr.reading.page.comments import Comment
from omr.records.review.transcripts import (
    Topic,
    Written,
    find_written,
    mask,
    transcribe,
    typed_before,
    untyped,
)
from omr.records.store.store import Store
from omr.web.frame.pages import NotFoundError, page, see_other, sentence
from omr.web.frame.pictures import jpeg
from omr.web.frame.visit import Visit
from omr.web.work.journal import Done

_WIDTH_PX: Final = 1200


def desk(visit: Visit) -> Response:
    """Show the next comment that nobody is at."""
    with visit.office.store() as store:
        return _next(visit, store)


def save(visit: Visit) -> Response:
    """Keep what was typed, and show the next."""
    with visit.office.store() as store:
        written = _written(visit, store)
        text = visit.form.get("text", "")
        try:
            with visit.office.deciding:
                _keep(visit, store, written, text)
        except OmrError as error:  # what was typed stays
            return _show(visit, store, written, text, problem=sentence(str(error)))
        visit.office.worklist.release(written.key, visit.me.name)
        visit.office.journal.add(
            visit.secret, Done((written.key,), f"/comments/{written.reading}/{written.question}")
        )
    return see_other("/comments")


def _keep(visit: Visit, store: Store, written: Written, text: str) -> None:
    try:
        topic = Topic(visit.form.get("topic", ""))
    except ValueError as error:
        raise OmrError("desk.comment_topic") from error
    if visit.office.worklist.held_by_other(written.key, visit.me.name):
        raise OmrError("desk.taken_meanwhile")
    if not _waits(store, written):  # sent from a page that is older than what is kept
        raise OmrError("meanwhile.typed")
    transcribe(store, written, topic, text, by=visit.me.name)


def show(visit: Visit) -> Response:
    """Show one comment that was taken back, with what was typed, as far as it may be kept."""
    with visit.office.store() as store:
        written = _written(visit, store)
        if not _waits(store, written):
            return see_other("/comments")
        if visit.office.worklist.held_by_other(written.key, visit.me.name):
            raise OmrError("desk.taken_meanwhile")
        return _show(visit, store, written, typed_before(store, written))


def preview(visit: Visit) -> Response:
    """Show what others will see of a text while it is typed."""
    return page(visit, "masked.html", text=mask(" ".join(visit.form.get("text", "").split())))


def draft(visit: Visit) -> Response:
    """Let the machine guess; the guess is a draft for the person who types."""
    with visit.office.store() as store:
        written = _written(visit, store)
        grey = visit.office.pictures.pixels(store, written.page)
    text, absent = "", ""
    try:
        text = visit.office.means.draft_text(grey, Comment(written.question, True, 0.0, written.corners_px))
    except MissingToolError as error:
        absent = str(error)
    return page(visit, "typing.html", text=text, drafted=True, absent=absent)


def picture(visit: Visit) -> Response:
    """Show the handwriting."""
    with visit.office.store() as store:
        written = _written(visit, store)
        try:
            pixels = visit.office.pictures.pixels(store, written.page)
        except ScanError as error:
            raise NotFoundError from error
    corners = written.corners_px
    across = float(np.linalg.norm(corners[1] - corners[0]))
    down = float(np.linalg.norm(corners[3] - corners[0]))
    size = _WIDTH_PX, max(1, round(_WIDTH_PX * down / across))
    target = np.array([[0, 0], [size[0], 0], [0, size[1]]], np.float32)
    map_ = cv2.getAffineTransform(corners[[0, 1, 3]].astype(np.float32), target)
    cut = cv2.warpAffine(pixels, map_, size, flags=cv2.INTER_LINEAR, borderValue=(255, 255, 255))
    return Response(jpeg(np.asarray(cut, np.uint8)), media_type="image/jpeg")


def _next(visit: Visit, store: Store) -> Response:
    worklist, name = visit.office.worklist, visit.me.name
    written = next((one for one in untyped(store) if not worklist.held_by_other(one.key, name)), None)
    return _show(visit, store, written, "")


def _waits(store: Store, written: Written) -> bool:
    return written.key in {one.key for one in untyped(store)}


def _show(visit: Visit, store: Store, written: Written | None, text: str, *, problem: str = "") -> Response:
    if written is not None and not problem:
        visit.office.worklist.hold(written.key, visit.me.name)
    return page(
        visit,
        "comments.html",
        status=400 if problem else 200,
        written=written,
        left=len(untyped(store)),
        topics=list(Topic),
        text=text,
        drafted=False,
        problem=problem,
    )


def _written(visit: Visit, store: Store) -> Written:
    reading = visit.parameter("reading")
    if not (reading.isdecimal() and len(reading) < 16):
        raise NotFoundError
    written = find_written(store, int(reading), visit.parameter("question"))
    if written is None:
        raise NotFoundError
    return written
