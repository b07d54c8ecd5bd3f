"""The month's comments by topic: electronic ones get theirs, an officer chooses what the report quotes."""

from __future__ import annotations

from collections import Counter
from typing import Final

from starlette.responses import Response

from omr.errors import OmrError
from omr.records.exchange.comments import comments_of, find_comment, give_topic, quote
from omr.records.offices.periods import Period
from omr.records.review.transcripts import Topic
from omr.text import unaccented
from omr.web.frame.months import month_of
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit

_SHOWN: Final = 100
NO_TOPIC: Final = "none"


def show(visit: Visit) -> Response:
    """Show the comments that can be read, masked, as far as they fit."""
    return _show(visit, month_of(visit))


def sort(visit: Visit) -> Response:
    """Give a comment of the electronic form its topic."""
    try:
        topic = Topic(visit.form.get("topic", ""))
    except ValueError as error:
        raise OmrError("desk.comment_topic") from error
    return _done(visit, topic)


def choose(visit: Visit) -> Response:
    """Choose a comment for the report, or take the choice back."""
    return _done(visit, None)


def _done(visit: Visit, topic: Topic | None) -> Response:
    when = month_of(visit)
    try:
        with visit.office.store() as store:
            found = find_comment(store, visit.form.get("comment", ""))
            if topic is not None:
                give_topic(store, found, topic, by=visit.me.name)
            else:
                quote(store, found, chosen=bool(visit.form.get("chosen")), by=visit.me.name)
    except OmrError as error:
        return _show(visit, when, str(error))
    back = "&".join(
        f"{name}={visit.form.get(name, '')}" for name in ("unit", "topic_of") if _plain(visit, name)
    )
    return see_other(f"/month/{when.name}/voices?{back}#{found.key}")


def _plain(visit: Visit, name: str) -> bool:
    """Whether a filter may stand in an address of ours."""
    value = visit.form.get(name, "")
    return bool(value) and value.replace("-", "").isalnum()


def _show(visit: Visit, when: Period, problem: str = "") -> Response:
    unit, topic, words = visit.query("unit"), visit.query("topic_of"), unaccented(visit.query("words"))
    if topic not in {"", NO_TOPIC, *Topic}:
        raise NotFoundError
    with visit.office.store() as store:
        found = comments_of(store, when.name)
    topics = Counter(one.topic.value if one.topic else NO_TOPIC for one in found)
    fits = [
        one
        for one in found
        if unit in ("", one.unit)
        and topic in ("", one.topic.value if one.topic else NO_TOPIC)
        and all(word in unaccented(one.text) for word in words.split())
    ]
    return page(
        visit,
        "voices.html",
        status=400 if problem else 200,
        period=when.name,
        found=fits[:_SHOWN],
        more=max(0, len(fits) - _SHOWN),
        total=len(found),
        quoted=sum(one.quoted for one in found),
        topics=topics,
        all_topics=list(Topic),
        units=sorted({one.unit for one in found}),
        unit=unit,
        topic_of=topic,
        words=visit.query("words"),
        problem=problem,
    )
