"""The review queue: what the machine would not decide alone, and what people decided about it.

A decision is an added row; nothing is edited, and the latest decision on a thing counts.
Item names are stable: ``A17-B4`` an answer, ``H17`` a held slip, ``P5`` a rejected page,
``S17`` a slip that was read, to judge it as a whole; the numbers are readings and pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from omr.errors import OmrError
from omr.forms.serial import Serial, parse_serial
from omr.forms.template import Kind, Question
from omr.messages import say
from omr.reading.reader import ReadPage
from omr.records.counts.validity import rules
from omr.records.intake.orders import Orders
from omr.records.intake.rows import PageRows
from omr.records.register.periods import refuse_closed
from omr.records.store.store import Act, Row, Store, Value
from omr.words import WITHDRAWN, AnswerState, BoxState, PageDecision, SlipDecision, Standing

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


@dataclass(frozen=True, slots=True)
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
            "SELECT page, batch, original, number, reason FROM pages WHERE page = ? AND outcome = 'rejected'",
            int(number),
        )
        if row is None:
            raise OmrError("review.no_item", item=name)
        return Item(
            name, ItemKind.PAGE, row["reason"], row["batch"], row["original"], row["page"], row["number"]
        )
    slip = store.row("SELECT * FROM slips WHERE reading = ?", int(reading or number))
    if slip is None:
        raise OmrError("review.no_item", item=name)
    values = {key: slip[key] for key in _SLIP_COLUMNS}
    if letter is not None:
        kind = ItemKind.HELD if letter == "H" else ItemKind.SLIP
        return Item(item=name, kind=kind, reason=slip["set_aside"] or slip["standing"], **values)
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


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer, with what the machine saw there."""

    word: str
    label: str
    state: str | None = None  # of a box
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """An item with what a person needs to decide."""

    item: Item
    file: str  # its name when it came in
    path: str  # of the original, below the workspace
    question: str | None
    choices: tuple[Choice, ...]


def shown(store: Store, name: str) -> Shown:
    """Return one item with its question and possible answers.

    Raises
    ------
    OmrError
        If there is no such item.
    """
    item = find_item(store, name)
    row = store.row(
        """SELECT path, file, text FROM originals JOIN batch_files USING (original)
        LEFT JOIN form_questions ON fingerprint = ? AND question = ?
        WHERE original = ? AND batch = ?""",
        item.fingerprint,
        item.question,
        item.original,
        item.batch,
    )
    assert row is not None  # every page has a file
    return Shown(item, row["file"], row["path"], row["text"], tuple(_choices(store, item)))


def _choices(store: Store, item: Item) -> Iterator[Choice]:
    if item.kind is ItemKind.ANSWER:
        verdicts = store.value(
            "SELECT verdicts FROM decidings WHERE reading = ? ORDER BY deciding DESC LIMIT 1", item.reading
        )
        seen = {(one[0], one[1]): (str(one[2]), float(one[3])) for one in json.loads(str(verdicts))}
        for row in store.rows(
            "SELECT code, label FROM form_options WHERE fingerprint = ? AND question = ? ORDER BY position",
            item.fingerprint,
            item.question,
        ):
            state, confidence = seen.get((str(item.question), row["code"]), (BoxState.BLANK.value, None))
            yield Choice(row["code"], row["label"], state, confidence)
        words: Iterable[str] = NOTHING
    elif item.kind is ItemKind.PAGE:
        words = (*PAGE_OUTCOMES, *rules().texts)
    else:
        words = (*SLIP_OUTCOMES, *rules().texts)
    for word in (*words, WITHDRAW):
        yield Choice(word, rules().text(word) if word in rules().texts else say(f"review.word_{word}"))


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
    return Item(**{**row, "kind": ItemKind(str(row["kind"]))})  # type: ignore[arg-type]


def decide(
    store: Store,
    name: str,
    answer: Sequence[str],
    *,
    by: str,
    why: str,
    read: Callable[[Item, Serial], ReadPage],
) -> None:
    """Record what a person says about an item.

    Parameters
    ----------
    answer : sequence of str
        For an answer: option codes, or ``none``, ``multiple``, ``undecidable``. For a slip:
        ``counts``, ``refused``, or a code of the validity rules. For a page: its serial,
        ``not_a_slip``, ``rescanned``, or a code of the validity rules. For all: ``withdraw``.
    read : callable
        Reads the page of an item with a serial that was typed.

    Raises
    ------
    OmrError
        If the item does not exist, the answer does not fit it, or who and why are missing.
    """
    if not by.strip():
        raise OmrError("review.no_name")
    item = find_item(store, name)
    if item.period is not None:
        refuse_closed(store, item.period)
    if item.kind is ItemKind.ANSWER:
        _decide_answer(store, item, answer, by=by, why=why)
        return
    if len(answer) != 1:
        raise OmrError("review.one_word", item=name)
    if not why.strip():
        raise OmrError("review.no_why", item=name)
    if item.kind is ItemKind.PAGE:
        _decide_page(store, item, answer[0], by=by, why=why, read=read)
    else:
        _decide_slip(store, item, answer[0], by=by, why=why)


def _decide_answer(store: Store, item: Item, answer: Sequence[str], *, by: str, why: str) -> None:
    (question,) = (one for one in store.forms[str(item.fingerprint)].questions if one.key == item.question)
    state, codes = _answered(question, answer)
    with store.act("decide_answer", by=by, why=why) as act:
        act.add(
            "decided_answers",
            {
                "decision": act.next_id("decided_answers", "decision"),
                "reading": item.reading,
                "question": item.question,
                "state": state,
                "codes": " ".join(codes),
            },
        )


def _answered(question: Question, answer: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return state and codes of what a person says, if the question can be answered so."""
    word = answer[0] if len(answer) == 1 else ""
    if word == WITHDRAW:
        return WITHDRAWN, ()
    if word in NOTHING:
        return NOTHING[word].value, ()
    codes = tuple(option.code for option in question.options if option.code in answer)
    too_many = question.kind is not Kind.MULTIPLE and len(codes) > 1
    if not codes or too_many or set(answer) - set(codes):
        choices = ", ".join([*(option.code for option in question.options), *NOTHING, WITHDRAW])
        raise OmrError("review.bad_answer", answer=" ".join(answer)[:60], choices=choices)
    return AnswerState.ANSWERED.value, codes


def _decide_slip(store: Store, item: Item, word: str, *, by: str, why: str) -> None:
    outcomes: dict[str, SlipDecision] = {word: word for word in SLIP_OUTCOMES}
    outcomes[WITHDRAW] = SlipDecision.WITHDRAWN
    reason = word if word in rules().texts else None
    if reason is None and word not in outcomes:
        raise OmrError("review.bad_answer", answer=word[:60], choices=", ".join([*outcomes, *rules().texts]))
    outcome = SlipDecision.INVALID if reason else outcomes[word]
    with store.act("decide_slip", by=by, why=why) as act:
        if outcome in (SlipDecision.COUNTS, SlipDecision.INVALID):
            # Of one serial, one slip counts: the one that counted until now steps back.
            _add_slip_decisions(act, _others_that_count(store, item), SlipDecision.REFUSED)
        elif outcome is SlipDecision.WITHDRAWN:
            _add_slip_decisions(act, _decided_with(store, item), SlipDecision.WITHDRAWN)
        _add_slip_decisions(act, [item.reading], outcome, reason)
        if len(_others_that_count(store, item)) + _counts(store, item) > 1:
            raise OmrError("review.two_count", serial=item.serial)


def _counts(store: Store, item: Item) -> bool:
    row = store.row("SELECT standing FROM slips WHERE reading = ?", item.reading)
    return row is not None and row["standing"] == Standing.COUNTS


def _others_that_count(store: Store, item: Item) -> list[int | None]:
    rows = store.rows(
        "SELECT reading FROM slips WHERE serial = ? AND standing = 'counts' AND reading <> ?",
        item.serial,
        item.reading,
    )
    return [row["reading"] for row in rows]


def _decided_with(store: Store, item: Item) -> list[int | None]:
    """Return the other slips that stepped back when this one was last decided, and not since."""
    rows = store.rows(
        """SELECT other.reading FROM decided_slips AS this JOIN decided_slips AS other USING (event)
        WHERE this.decision = (SELECT max(decision) FROM decided_slips WHERE reading = ?)
          AND other.reading <> this.reading
          AND other.decision = (SELECT max(decision) FROM decided_slips WHERE reading = other.reading)""",
        item.reading,
    )
    return [row["reading"] for row in rows]


def _add_slip_decisions(
    act: Act, readings: Sequence[int | None], outcome: SlipDecision, reason: str | None = None
) -> None:
    first = act.next_id("decided_slips", "decision")
    rows: list[Row] = [
        {"decision": first + at, "reading": reading, "outcome": outcome, "reason": reason}
        for at, reading in enumerate(readings)
    ]
    act.add("decided_slips", *rows)


def _decide_page(
    store: Store, item: Item, word: str, *, by: str, why: str, read: Callable[[Item, Serial], ReadPage]
) -> None:
    outcomes: dict[str, PageDecision] = {word: word for word in PAGE_OUTCOMES}
    outcomes[WITHDRAW] = PageDecision.WITHDRAWN
    reason = word if word in rules().texts else None
    serial = None if reason or word in outcomes else parse_serial(word)
    result = read(item, serial) if serial else None
    outcome = PageDecision.SERIAL if serial else PageDecision.INVALID if reason else outcomes[word]
    with store.act("decide_page", by=by, why=why) as act:
        # What an earlier typed serial brought no longer counts.
        earlier = store.rows("SELECT reading FROM slips WHERE page = ?", item.page)
        _add_slip_decisions(act, [row["reading"] for row in earlier], SlipDecision.VOID)
        act.add(
            "decided_pages",
            {
                "decision": act.next_id("decided_pages", "decision"),
                "page": item.page,
                "outcome": outcome,
                "serial": str(serial) if serial else None,
                "reason": reason,
            },
        )
        if result is not None:
            batch = store.row("SELECT * FROM batches WHERE batch = ?", item.batch)
            picture = store.value("SELECT picture FROM pages WHERE page = ?", item.page)
            assert batch is not None  # a page has a batch
            orders = Orders(batch["unit"], batch["period"], batch["expected"])
            rows = PageRows(store, act, item.batch, orders)
            rows.add_reading(item.page, str(picture), result)
            rows.insert()
