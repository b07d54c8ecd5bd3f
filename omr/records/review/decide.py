"""What people decide about items of the queue: an added row each, the latest on a thing counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from omr.errors import OmrError
from omr.forms.entries import fault_of, read_value
from omr.forms.serial import parse_typed
from omr.forms.template import VALUES, Kind, Question
from omr.messages import say
from omr.reading.reader import ReadPage
from omr.records.counts.answers import Given
from omr.records.counts.validity import rules
from omr.records.intake.orders import Orders
from omr.records.intake.rows import PageRows
from omr.records.intake.same_sheet import twin_of
from omr.records.offices.periods import refuse_closed
from omr.records.register.custody import Custody
from omr.records.review.queue import (
    NOTHING,
    PAGE_OUTCOMES,
    SLIP_OUTCOMES,
    WITHDRAW,
    Item,
    ItemKind,
    find_item,
)
from omr.records.review.second_reading import Decision, agreed
from omr.records.review.whole_slips import PageWord, said_of_page, said_of_slip, slip_word
from omr.records.store.act import Act, Row
from omr.records.store.measured import pack
from omr.records.store.store import Store
from omr.words import WITHDRAWN, AnswerState, Aside, PageDecision, SlipDecision, Standing


def decide(
    store: Store,
    name: str,
    answer: Sequence[str],
    *,
    by: str,
    why: str,
    read: Callable[..., ReadPage],
    two_persons: bool = False,
) -> bool:
    """Record what a person says about an item; return whether it is in force now.

    Parameters
    ----------
    answer : sequence of str
        For an answer: option codes, or ``none``, ``multiple``, ``undecidable``. For a slip:
        ``counts``, ``refused``, or a code of the validity rules. For a page: its serial,
        ``not_a_slip``, ``rescanned``, or a code of the validity rules. For all: ``withdraw``.
    read : callable
        Reads the page of an item with a serial that was typed; of a further page, its number follows.
    two_persons : bool
        Whether what makes a slip count wants two people: who spoke about it already is refused, and a
        word on a slip or page changes nothing until another person says the same; a page is read with
        a typed serial once another person typed it, too.

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
        decide_answers(store, {name: answer}, by=by, why=why)
        return True
    if len(answer) != 1:
        raise OmrError("review.one_word", item=name)
    if not why.strip():
        raise OmrError("review.no_why", item=name)
    if two_persons and answer[0] != WITHDRAW and spoke_last(store, item, by):
        raise OmrError("review.same_person", item=name, by=by)
    if item.kind is ItemKind.PAGE:
        return _decide_page(store, item, answer[0], by=by, why=why, read=read, two_persons=two_persons)
    return _decide_slip(store, item, answer[0], by=by, why=why, two_persons=two_persons)


def decide_answers(store: Store, said: Mapping[str, Sequence[str]], *, by: str, why: str) -> None:
    """Record what a person says about several doubtful answers in one act: all of it or nothing.

    Parameters
    ----------
    said : mapping
        For each item what `decide` takes for an answer.

    Raises
    ------
    OmrError
        If one of them is no answer that exists, what is said does not fit it, or its month is closed.
    """
    if not by.strip():
        raise OmrError("review.no_name")
    rows: list[Row] = []
    for name, answer in said.items():
        item = find_item(store, name)
        if item.kind is not ItemKind.ANSWER:
            raise OmrError("review.no_item", item=name)
        assert item.period is not None  # an answer belongs to a slip
        refuse_closed(store, item.period)
        rows.append(_answer_row(store, item, answer))
    with store.act("decide_answer", by=by, why=why) as act:
        first = act.next_id("decided_answers", "decision")
        act.add("decided_answers", *({"decision": first + at, **row} for at, row in enumerate(rows)))


def _answer_row(store: Store, item: Item, answer: Sequence[str]) -> Row:
    (question,) = (one for one in store.forms[str(item.fingerprint)].questions if one.key == item.question)
    given = spoken(question, answer)
    said = given.columns if given else {"state": WITHDRAWN, "codes": ""}
    return {"reading": item.reading, "question": item.question, **said}


def spoken(question: Question, answer: Sequence[str]) -> Given | None:
    """Return what the words of a person say, None where they take a decision back.

    Raises
    ------
    OmrError
        If the question cannot be answered so.
    """
    word = answer[0] if len(answer) == 1 else ""
    if word == WITHDRAW:
        return None
    if NOTHING.get(word) is AnswerState.MULTIPLE and question.kind is Kind.MULTIPLE:
        raise OmrError("review.takes_several", question=question.key)
    if word in NOTHING:
        return Given(NOTHING[word])
    if question.kind in VALUES:
        return Given(AnswerState.ANSWERED, (_value(question, " ".join(answer)),))
    codes = tuple(option.code for option in question.options if option.code in answer)
    too_many = question.kind is not Kind.MULTIPLE and len(codes) > 1
    if not codes or too_many or set(answer) - set(codes):
        choices = ", ".join([*(option.code for option in question.options), *NOTHING, WITHDRAW])
        raise OmrError("review.bad_answer", answer=" ".join(answer)[:60], choices=choices)
    return Given(AnswerState.ANSWERED, codes)


def _value(question: Question, text: str) -> str:
    """Return a value in its one spelling, if it can be one."""
    value = read_value(question, text)
    fault = fault_of(question, value)
    if fault is not None:
        said = say(f"entries.{fault}")
        raise OmrError("entries.wrong", question=question.key, value=text[:40], fault=said)
    return value


def _decide_slip(store: Store, item: Item, word: str, *, by: str, why: str, two_persons: bool) -> bool:
    outcomes: dict[str, SlipDecision] = {word: word for word in SLIP_OUTCOMES}
    outcomes[WITHDRAW] = SlipDecision.WITHDRAWN
    reason = word if word in rules().texts else None
    if reason is None and word not in outcomes:
        raise OmrError("review.bad_answer", answer=word[:60], choices=", ".join([*outcomes, *rules().texts]))
    outcome = SlipDecision.INVALID if reason else outcomes[word]
    with store.act("decide_slip", by=by, why=why) as act:
        if not two_persons:
            _bring_about(store, act, item, outcome, reason)
            return True
        assert item.reading is not None  # a slip was read
        word = slip_word(outcome, reason)
        said = agreed([*said_of_slip(store, item.reading), Decision(by, "", word, ())])
        agreed_on = said[0] if said else WITHDRAWN
        changes = agreed_on != _in_force(store, item.reading)
        if changes:
            decided, _, rule = agreed_on.partition(" ")
            _bring_about(store, act, item, SlipDecision(decided), rule or None)
        if not (changes and agreed_on == word):  # the own word is kept, also where others settled it
            _add_slip_decisions(act, [item.reading], outcome, reason, alone=True)
        return agreed_on == word


def _in_force(store: Store, reading: int) -> str:
    """Return the word of people that a slip stands by; withdrawn where nobody spoke."""
    row = store.row(
        """SELECT outcome, reason FROM decided_slips AS this JOIN events USING (event)
        WHERE act = 'decide_slip'
          AND decision = (SELECT max(decision) FROM decided_slips WHERE reading = ? AND alone IS NULL)
          AND reading = (SELECT reading FROM decided_slips AS last WHERE last.event = this.event
                         ORDER BY decision DESC LIMIT 1)""",  # else it stepped back for another slip
        reading,
    )
    return slip_word(row["outcome"], row["reason"]) if row else WITHDRAWN


def _bring_about(
    store: Store, act: Act, item: Item, outcome: SlipDecision, reason: str | None = None
) -> None:
    """Let a word on a slip be in force, with what follows for the others of its serial."""
    if outcome in (SlipDecision.COUNTS, SlipDecision.INVALID):
        # Of one serial, one slip counts: the one that counted until now steps back.
        _add_slip_decisions(act, _others_that_count(store, item), SlipDecision.REFUSED)
    elif outcome is SlipDecision.WITHDRAWN:
        _add_slip_decisions(act, _decided_with(store, item), SlipDecision.WITHDRAWN)
    incomplete = _is_incomplete(store, item)
    if incomplete and outcome is SlipDecision.REFUSED:
        _add_slip_decisions(act, _other_pages(store, item), SlipDecision.REFUSED)
    although = Aside.PAGES_MISSING.value if incomplete and outcome is SlipDecision.COUNTS else None
    _add_slip_decisions(act, [item.reading], outcome, reason, although)
    if len(_others_that_count(store, item)) + _counts(store, item) > 1:
        raise OmrError("review.two_count", serial=item.serial)


def _is_incomplete(store: Store, item: Item) -> bool:
    """Whether an item is about a questionnaire of which pages are missing, whatever was said of it."""
    row = store.row(
        "SELECT slips.set_aside, although FROM slips JOIN read_pages USING (reading) WHERE reading = ?",
        item.reading,
    )
    return row is not None and Aside.PAGES_MISSING in (row["set_aside"], row["although"])


def _other_pages(store: Store, item: Item) -> list[int | None]:
    rows = store.rows(
        "SELECT reading FROM slips WHERE serial = ? AND standing = 'held' AND reading <> ?",
        item.serial,
        item.reading,
    )
    return [row["reading"] for row in rows]


def _counts(store: Store, item: Item) -> bool:
    row = store.row("SELECT standing FROM slips WHERE reading = ?", item.reading)
    return row is not None and row["standing"] == Standing.COUNTS


def _others_that_count(store: Store, item: Item) -> list[int | None]:
    rows = store.rows(
        """SELECT reading FROM slips WHERE serial = ?1 AND standing = 'counts' AND reading <> ?2
          AND form_page = (SELECT form_page FROM slips WHERE reading = ?2)""",
        item.serial,
        item.reading,
    )
    return [row["reading"] for row in rows]


def _decided_with(store: Store, item: Item) -> list[int | None]:
    """Return the other slips that stepped back when this one was last decided, and not since."""
    rows = store.rows(
        """SELECT other.reading FROM decided_slips AS this JOIN decided_slips AS other USING (event)
        WHERE this.decision = (SELECT max(decision) FROM decided_slips WHERE reading = ? AND alone IS NULL)
          AND other.reading <> this.reading
          AND other.decision = (
              SELECT max(decision) FROM decided_slips WHERE reading = other.reading AND alone IS NULL)""",
        item.reading,
    )
    return [row["reading"] for row in rows]


def _add_slip_decisions(
    act: Act,
    readings: Sequence[int | None],
    outcome: SlipDecision,
    reason: str | None = None,
    although: str | None = None,
    *,
    alone: bool = False,
) -> None:
    first = act.next_id("decided_slips", "decision")
    rows: list[Row] = [
        {
            "decision": first + at,
            "reading": reading,
            "outcome": outcome,
            "reason": reason,
            "although": although,
            "alone": 1 if alone else None,
        }
        for at, reading in enumerate(readings)
    ]
    act.add("decided_slips", *rows)


def spoke_last(store: Store, item: Item, by: str) -> bool:
    """Whether this person's word is the latest on a slip or page, and stands."""
    table, column = ("decided_pages", "page") if item.kind is ItemKind.PAGE else ("decided_slips", "reading")
    row = store.row(
        f"""SELECT outcome, by FROM {table} JOIN events USING (event)
        WHERE {column} = ? ORDER BY decision DESC LIMIT 1""",
        item.page if item.kind is ItemKind.PAGE else item.reading,
    )
    return row is not None and row["by"] == by and row["outcome"] != WITHDRAWN


def _refuse_twin(store: Store, item: Item, result: ReadPage) -> None:
    """Refuse a typed serial whose sheet counts already under another one in that unit and month."""
    slip = result.page
    place = Custody(store).place(slip.issue.run, slip.serial.number)
    unit, period = (place.unit, place.period) if place else (slip.issue.unit, slip.issue.period)
    form = store.forms[slip.issue.fingerprint].page(slip.number)
    marks = pack(form, result.marks)
    where = {"mark": slip.issue.fingerprint, "unit": unit, "period": period, "serial": str(slip.serial)}
    twin = twin_of(store, form, marks, result.seal, **where, typed_only=False)
    if twin is not None:
        raise OmrError("review.same_ink", item=item.item, serial=twin[1])


def _decide_page(
    store: Store,
    item: Item,
    word: str,
    *,
    by: str,
    why: str,
    read: Callable[..., ReadPage],
    two_persons: bool,
) -> bool:
    said = _page_word(word)
    results: dict[PageWord, ReadPage] = {}
    if said.serial is not None:
        serial, page = parse_typed(word)
        results[said] = read(item, serial) if page is None else read(item, serial, page)
        _refuse_twin(store, item, results[said])
    while True:
        seen = _last_on_page(store, item)
        agreed_on = _agreed_on_page(store, item, said, by) if two_persons else said
        changes = not two_persons or agreed_on != _page_in_force(store, item)
        if changes and agreed_on.serial is not None and agreed_on not in results:
            # An earlier pair's serial is in force again: read before the register is held.
            serial, page = parse_typed(agreed_on.serial)
            results[agreed_on] = read(item, serial, page or 1)
        with store.act("decide_page", by=by, why=why) as act:
            if _last_on_page(store, item) != seen:
                continue  # somebody else spoke meanwhile; an act without rows leaves no event
            if changes:
                _let_page_be(store, act, item, agreed_on, results.get(agreed_on))
            if agreed_on != said or not changes:  # the own word is kept, also where others settled it
                _add_page_decision(act, item, said, alone=True)
        return agreed_on == said


def _page_word(word: str) -> PageWord:
    """Return what a person says about a page.

    Raises
    ------
    OmrError
        If it is neither an outcome, nor a rule, nor a serial.
    """
    if word == WITHDRAW:
        return PageWord(PageDecision.WITHDRAWN)
    if word in rules().texts:
        return PageWord(PageDecision.INVALID, reason=word)
    if word in PAGE_OUTCOMES:
        return PageWord(PageDecision(word))
    serial, page = parse_typed(word)
    return PageWord(PageDecision.SERIAL, serial=str(serial) if page in (None, 1) else f"{serial}/{page}")


def _last_on_page(store: Store, item: Item) -> object:
    return store.value("SELECT max(decision) FROM decided_pages WHERE page = ?", item.page)


def _agreed_on_page(store: Store, item: Item, said: PageWord, by: str) -> PageWord:
    """Return what two people say alike about a page once this one spoke, too; withdrawn where none do."""
    words = agreed([*said_of_page(store, item.page), Decision(by, "", said.text, ())])
    return PageWord.of(words[0]) if words else PageWord(PageDecision.WITHDRAWN)


def _page_in_force(store: Store, item: Item) -> PageWord:
    """Return what a page stands for; withdrawn where it waits."""
    row = store.row(
        """SELECT outcome, reason, serial FROM decided_pages
        WHERE page = ?1 AND alone IS NULL AND (
            outcome <> 'serial' OR EXISTS (SELECT 1 FROM slips WHERE slips.page = ?1))
        ORDER BY decision DESC LIMIT 1""",
        item.page,
    )
    return (
        PageWord(PageDecision(row["outcome"]), row["reason"], row["serial"])
        if row
        else PageWord(PageDecision.WITHDRAWN)
    )


def _let_page_be(store: Store, act: Act, item: Item, word: PageWord, result: ReadPage | None) -> None:
    """Let a word on a page be in force, with what follows for the slip that it was until now."""
    # What an earlier typed serial brought no longer counts.
    earlier = store.rows("SELECT reading FROM slips WHERE page = ?", item.page)
    _add_slip_decisions(act, [row["reading"] for row in earlier], SlipDecision.VOID)
    _add_page_decision(act, item, word)
    if result is not None:
        batch = store.row("SELECT * FROM known_batches WHERE batch = ?", item.batch)
        picture = store.value("SELECT picture FROM pages WHERE page = ?", item.page)
        assert batch is not None  # a page has a batch
        orders = Orders(batch["unit"], batch["period"], batch["expected"])
        rows = PageRows(store, act, item.batch, orders)
        rows.add_reading(item.page, str(picture), result)
        rows.insert()


def _add_page_decision(act: Act, item: Item, word: PageWord, *, alone: bool = False) -> None:
    row: Row = {
        "decision": act.next_id("decided_pages", "decision"),
        "page": item.page,
        "outcome": word.outcome,
        "serial": word.serial,
        "reason": word.reason,
        "alone": 1 if alone else None,
    }
    act.add("decided_pages", row)
