"""What people wrote, by channel: how many slips bear a comment, how many were read, what they are about.

Handwriting on paper has to be typed by a person; what was typed into the electronic form is text
already and only lacks its topic. The two are counted apart: neither is a part of the other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from omr.errors import OmrError
from omr.records.counts.tallies import Channel
from omr.records.review.transcripts import Topic
from omr.records.store.store import Store


@dataclass(frozen=True, slots=True)
class Commented:
    """How many slips of a period bear a comment, and how many of those are read or sorted."""

    paper: int = 0  # slips that count, with something in the comment box
    typed: int = 0  # of them, somebody typed it or saw that nothing can be read
    unreadable: int = 0  # of the typed ones
    electronic: int = 0  # electronic slips with a comment
    with_topic: int = 0  # of them, somebody gave it a topic

    @property
    def waiting(self) -> int:
        """Comments that nobody read or sorted."""
        return self.paper - self.typed + self.electronic - self.with_topic


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment as text, personal data masked."""

    channel: Channel
    number: int  # of its reading or response
    question: str
    unit: str
    form: str
    topic: Topic | None  # None: nobody gave it one
    text: str
    quoted: bool  # an officer chose it for the report

    @property
    def key(self) -> str:
        """What names it: ``C12-C`` on paper, ``E7-C`` electronic."""
        return f"{'C' if self.channel is Channel.PAPER else 'E'}{self.number}-{self.question}"


def commented(
    store: Store, period: str, *, unit: str | None = None, forms: Collection[str] | None = None
) -> Commented:
    """Count the slips with comments in a period, by channel.

    Parameters
    ----------
    forms : collection of str, optional
        Names of the forms of one survey.
    """
    paper = typed = unreadable = electronic = sorted_ = 0
    for row in store.rows(
        """SELECT form, count(*) AS slips, sum(typed) AS typed, sum(unreadable) AS unreadable FROM (
            SELECT form, min(topic IS NOT NULL) AS typed,
                   min(coalesce(topic, '') = 'unreadable') AS unreadable
            FROM comments JOIN slips USING (reading) LEFT JOIN current_transcripts USING (reading, question)
            WHERE period = ?1 AND standing = 'counts' AND (unit = ?2 OR ?2 IS NULL) GROUP BY reading
        ) GROUP BY form""",
        period,
        unit,
    ):
        if forms is None or row["form"] in forms:
            paper, typed = paper + row["slips"], typed + row["typed"]
            unreadable += row["unreadable"]
    for row in store.rows(
        """SELECT form, count(*) AS slips, sum(sorted) AS sorted FROM (
            SELECT form, min(topic IS NOT NULL) AS sorted
            FROM electronic_comments JOIN current_responses USING (response)
            LEFT JOIN current_topics USING (response, question)
            WHERE period = ?1 AND (unit = ?2 OR ?2 IS NULL) GROUP BY response
        ) GROUP BY form""",
        period,
        unit,
    ):
        if forms is None or row["form"] in forms:
            electronic, sorted_ = electronic + row["slips"], sorted_ + row["sorted"]
    return Commented(paper, typed, unreadable, electronic, sorted_)


def comments_of(
    store: Store, period: str, *, unit: str | None = None, forms: Collection[str] | None = None
) -> list[Comment]:
    """Return the comments of a period that can be read, by unit: typed from paper, then electronic ones."""
    rows = store.rows(
        """SELECT 'paper' AS channel, reading AS number, question, unit, form, topic, text
        FROM current_transcripts JOIN slips USING (reading)
        WHERE period = ?1 AND text <> '' AND standing = 'counts' AND (unit = ?2 OR ?2 IS NULL)
        UNION ALL
        SELECT 'electronic', response, question, unit, form, topic, text
        FROM electronic_comments JOIN current_responses USING (response)
        LEFT JOIN current_topics USING (response, question)
        WHERE period = ?1 AND (unit = ?2 OR ?2 IS NULL)""",
        period,
        unit,
    )
    quoted = {
        (row["channel"], row["number"], row["question"])
        for row in store.rows("SELECT channel, number, question FROM current_quotations")
    }
    found = [
        Comment(
            Channel(row["channel"]),
            row["number"],
            row["question"],
            row["unit"],
            row["form"],
            Topic(row["topic"]) if row["topic"] else None,
            row["text"],
            (row["channel"], row["number"], row["question"]) in quoted,
        )
        for row in rows
        if forms is None or row["form"] in forms
    ]
    return sorted(found, key=lambda one: (one.unit, one.form, one.channel is Channel.ELECTRONIC, one.number))


def find_comment(store: Store, key: str) -> Comment:
    """Return the comment that a key names.

    Raises
    ------
    OmrError
        If there is none that can be read.
    """
    kind, number, question = key[:1].upper(), key[1:].partition("-")[0], key.partition("-")[2]
    if kind in ("C", "E") and number.isdecimal() and len(number) < 16:
        period = store.row(
            "SELECT period FROM slips WHERE reading = ?"
            if kind == "C"
            else "SELECT period FROM electronic_slips WHERE response = ?",
            int(number),
        )
        for one in comments_of(store, period["period"]) if period else ():
            if one.key == f"{kind}{int(number)}-{question}":
                return one
    raise OmrError("comments.unknown", comment=key[:40])


def give_topic(store: Store, comment: Comment, topic: Topic, *, by: str) -> None:
    """Say what a comment of the electronic form is about; a later topic replaces it.

    Raises
    ------
    OmrError
        If it stands on paper: there the topic is given where it is typed.
    """
    if comment.channel is not Channel.ELECTRONIC:
        raise OmrError("comments.on_paper", comment=comment.key)
    with store.act("give_topic", by=by) as act:
        act.add(
            "comment_topics",
            {
                "comment_topic": act.next_id("comment_topics", "comment_topic"),
                "response": comment.number,
                "question": comment.question,
                "topic": topic.value,
            },
        )


def quote(store: Store, comment: Comment, *, chosen: bool, by: str) -> None:
    """Choose a comment for the report, or take the choice back.

    Raises
    ------
    OmrError
        If it is a complaint: its text goes the way of complaints.
    """
    if chosen and comment.topic is Topic.COMPLAINT:
        raise OmrError("comments.complaint", comment=comment.key)
    with store.act("quote", by=by) as act:
        act.add(
            "quotations",
            {
                "quotation": act.next_id("quotations", "quotation"),
                "channel": comment.channel.value,
                "number": comment.number,
                "question": comment.question,
                "chosen": int(chosen),
            },
        )
