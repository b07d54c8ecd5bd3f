"""The review queue: what the machine would not decide alone, and what people decided about it.

A decision is an added row; nothing is edited, and the latest decision on a thing counts.
Item names are stable: ``A17-B4`` an answer, ``H17`` a held slip, ``P5`` a rejected page,
``S17`` a slip that was read, to judge it as a whole; the numbers are readings and pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from omr.errors import OmrError
from omr.forms.entries import value_word
from omr.messages import say
from omr.records.counts.readings import name_of_file
from omr.records.counts.validity import rules
from omr.records.store.act import Value
from omr.records.store.store import Store
from omr.records.store.verdicts import unpack_verdicts
from omr.words import AnswerState, BoxState, PageDecision, SlipDecision, SlipDoubt

_NAME: Final = re.compile(r"([HPS])(\d+)|A(\d+)-(\S+)")

# What may be answered instead of codes.
NOTHING: Final = {
    "none": AnswerState.NO_ANSWER,
    "multiple": AnswerState.MULTIPLE,
    "undecidable": AnswerState.DOUBTFUL,
}
SLIP_OUTCOMES: Final = (SlipDecision.COUNTS, SlipDecision.REFUSED)
PAGE_OUTCOMES: Final = (PageDecision.NOT_A_SLIP, PageDecision.RESCANNED)
WITHDRAW: Final = "withdraw"


class ItemKind(StrEnum):
    """What is asked."""

    ANSWER = "answer"  # what does this question say?
    HELD = "held"  # does this slip count?
    PAGE = "page"  # what is this page?
    SLIP = "slip"  # is this slip valid?


_DOUBTS: Final = "SELECT reason FROM doubts WHERE reading = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that waits for a person."""

    item: str
    kind: ItemKind
    reason: str  # doubtful, or the stable word of intake
    batch: str
    original: str  # SHA-256 of the file
    page: int
    page_number: int  # in the file
    reading: int | None = None
    serial: str | None = None
    form: str | None = None
    fingerprint: str | None = None
    unit: str | None = None
    period: str | None = None
    question: str | None = None
    confidence: float | None = None
    other: int | None = None  # reading of the same serial that came first


def answer_name(reading: int, question: str) -> str:
    """Return the name of a doubtful answer."""
    return f"A{reading}-{question}"


def queue(store: Store, **only: str | None) -> Iterator[Item]:
    """Yield what waits: first what decides whether a slip counts, then the other doubtful answers.

    Parameters
    ----------
    **only : str, optional
        Columns that must have this value: ``batch``, ``unit``, ``form``, ``period``, ``reason``, ``kind``.
    """
    wanted = {column: value for column, value in only.items() if value is not None}
    where = " AND ".join(f"{column} = ?" for column in wanted) or "1"
    order = "urgency, confidence, page, question"
    for row in store.rows(f"SELECT * FROM waiting WHERE {where} ORDER BY {order}", *wanted.values()):
        yield _item(dict(row))


def find_item(store: Store, name: str) -> Item:
    """Return one item by its name; also one that was decided already, to look at it again.

    Raises
    ------
    OmrError
        If there is no such answer, slip or page.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise OmrError("review.no_item", item=name[:40])
    letter, number, reading, question = found.groups()
    if letter == "P":
        row = store.row(
            "SELECT page, batch, original, number, reason FROM unread_pages WHERE page = ?",
            int(number),
        )
        if row is None:
            raise OmrError("review.no_item", item=name)
        return Item(
            item=name,
            kind=ItemKind.PAGE,
            reason=row["reason"],
            batch=row["batch"],
            original=row["original"],
            page=row["page"],
            page_number=row["number"],
        )
    slip = store.row("SELECT * FROM slips WHERE reading = ?", int(reading or number))
    if slip is None:
        raise OmrError("review.no_item", item=name)
    values = {key: slip[key] for key in _SLIP_COLUMNS}
    if letter is not None:
        if letter == "H":
            return Item(item=name, kind=ItemKind.HELD, reason=slip["set_aside"] or slip["standing"], **values)
        # the same source as the list's, so that a case cannot lose its reason on the way to its page
        doubts = [d["reason"] for d in store.rows(_DOUBTS, slip["reading"])]
        reasons = sorted(doubts, key=list(SlipDoubt).index)
        return Item(
            item=name,
            kind=ItemKind.SLIP,
            reason=reasons[-1] if reasons else slip["set_aside"] or slip["standing"],
            **values,
        )
    answer = store.row(
        "SELECT state, confidence FROM current_answers WHERE reading = ? AND question = ?",
        int(reading),
        question,
    )
    if answer is None:
        raise OmrError("review.no_item", item=name)
    return Item(
        item=name,
        kind=ItemKind.ANSWER,
        reason=answer["state"],
        question=question,
        confidence=answer["confidence"],
        **values,
    )


def units_of(store: Store, item: Item) -> frozenset[str]:
    """Return the units that an item is about; of a page that could not be read, those of its stack."""
    if item.unit is not None:
        return frozenset({item.unit})
    rows = store.rows(
        """SELECT unit FROM known_batches WHERE batch = ?1 AND unit IS NOT NULL
        UNION SELECT unit FROM slips WHERE batch = ?1""",
        item.batch,
    )
    return frozenset(row["unit"] for row in rows)


@dataclass(frozen=True, slots=True)
class PossibleAnswer:
    """One possible answer, with what the machine saw there."""

    word: str
    label: str
    state: BoxState | None = None  # of a box
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """An item with what a person needs to decide."""

    item: Item
    file: str  # its name when it came in
    path: str  # of the original, below the workspace
    question: str | None
    choices: tuple[PossibleAnswer, ...]


def shown(store: Store, name: str) -> Shown:
    """Return one item with its question and possible answers.

    Raises
    ------
    OmrError
        If there is no such item.
    """
    item = find_item(store, name)
    row = store.row(
        """SELECT path, file, pages.measured, text FROM originals JOIN batch_files USING (original)
        JOIN pages ON pages.page = ?
        LEFT JOIN form_questions ON fingerprint = ? AND question = ?
        WHERE originals.original = ? AND batch_files.batch = ?""",
        item.page,
        item.fingerprint,
        item.question,
        item.original,
        item.batch,
    )
    assert row is not None  # every page has a file
    file = name_of_file(row["file"], json.loads(row["measured"] or "{}"))
    return Shown(item, file, row["path"], row["text"], tuple(_choices(store, item)))


def _choices(store: Store, item: Item) -> Iterator[PossibleAnswer]:
    if item.kind is ItemKind.ANSWER:
        verdicts = store.value(
            "SELECT verdicts FROM decidings WHERE reading = ? ORDER BY deciding DESC LIMIT 1", item.reading
        )
        boxes = unpack_verdicts(str(verdicts), item.question)
        seen = {box.option: (box.state, box.confidence) for box in boxes}
        form = store.forms[str(item.fingerprint)]
        if typed := next(value_word(one) for one in form.questions if one.key == item.question):
            yield PossibleAnswer("…", say(typed))
        for row in store.rows(
            "SELECT code, label FROM form_options WHERE fingerprint = ? AND question = ? ORDER BY position",
            item.fingerprint,
            item.question,
        ):
            state, confidence = seen.get(row["code"], (BoxState.BLANK, None))
            yield PossibleAnswer(row["code"], row["label"], state, confidence)
        words: Iterable[str] = NOTHING
    elif item.kind is ItemKind.PAGE:
        words = (*PAGE_OUTCOMES, *rules().texts)
    else:
        words = (*SLIP_OUTCOMES, *rules().texts)
    for word in (*words, WITHDRAW):
        yield PossibleAnswer(
            word, rules().text(word) if word in rules().texts else say(f"review.word_{word}")
        )


_SLIP_COLUMNS: Final = (
    "batch",
    "original",
    "page",
    "page_number",
    "reading",
    "serial",
    "form",
    "fingerprint",
    "unit",
    "period",
    "other",
)


def _item(row: dict[str, Value]) -> Item:
    row.pop("urgency")
    return Item(**{**row, "kind": ItemKind(str(row["kind"]))})  # type: ignore[arg-type]  # columns of the query above
