"""Handwritten comments become text: typed by a person, by topic, personal data masked before it is stored.

What stands in the database names nobody. The handwriting itself is in the original, which
only PV01 sees.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from omr.errors import OmrError
from omr.geometry import Points
from omr.records.store.act import Act
from omr.records.store.store import Store
from omr.text import unaccented
from omr.words import WITHDRAWN

LONGEST: Final = 2_000  # characters; the writing area holds some 300
MASK: Final = "[đã che]"


class Topic(StrEnum):
    """What a comment is about."""

    PRAISE = "praise"
    STAFF = "staff"
    PROCEDURE = "procedure"
    WAITING = "waiting"
    PLACE = "place"
    MONEY = "money"
    COMPLAINT = "complaint"  # names wrongdoing: goes the way of complaints, not to the unit
    OTHER = "other"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Written:
    """One comment that waits to be typed."""

    reading: int
    question: str
    page: int
    serial: str
    form: str
    fingerprint: str
    unit: str
    period: str
    corners_px: Points  # (4, 2), clockwise from the top left

    @property
    def key(self) -> str:
        """What names it."""
        return f"C{self.reading}-{self.question}"


@dataclass(frozen=True, slots=True)
class Transcript:
    """One comment as text."""

    reading: int
    unit: str
    form: str
    period: str
    topic: Topic
    text: str


# Vietnamese numbers: mobile 0 or +84 and nine digits, landline with area code; people write
# them in groups. Identity cards have 12 digits, the old ones 9. Plates: 15A-123.45, 29-B1 678.90.
_GROUPED: Final = r"(?:[ .\-]?\d)"
_PATTERNS: Final = (
    re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    re.compile(rf"(?<!\w)(?:\+?84|0){_GROUPED}{{8,10}}(?!\d)"),
    re.compile(rf"(?<!\w)\d{_GROUPED}{{11}}(?!\d)"),
    re.compile(rf"(?<!\w)\d{_GROUPED}{{8}}(?!\d)"),
    re.compile(r"(?<!\w)\d{2}\s?-?\s?[A-ZĐ]{1,2}\d?\s?-?\s?\d{3}\.?\d{1,2}(?!\d)", re.IGNORECASE),
)
# A name is one to five words with capitals (but for văn and thị) after a word that announces one.
_CAPITALS: Final = "".join(chr(code) for code in range(0x1F00) if chr(code).isupper())
_NAME: Final = re.compile(
    r"(?P<before>\b(?i:tôi là|tôi tên(?: là)?|tên tôi(?: là)?|họ tên|họ và tên|tên là|tên|ký tên|"
    r"ông|bà|anh|chị|đồng chí|đ/c|cán bộ)\s*:?\s+)"
    r"(?!(?:Tôi|Là|Ông|Bà|Anh|Chị|Đồng|Cán|Công|UBND|TTHC)\b)"
    rf"[{_CAPITALS}]\w*(?:\s+(?:[{_CAPITALS}]\w*|văn|thị)){{0,4}}"
)
# Many write without capitals. Nine in ten people bear one of these family names, and after words
# that introduce somebody they are no other words; two or three given names follow.
_FAMILIES: Final = (
    "nguyễn|trần|lê|phạm|hoàng|huỳnh|phan|vũ|võ|đặng|bùi|đỗ|hồ|ngô|dương|lý|đào|đoàn|vương|trịnh|trương|đinh|lâm|mai|cao|"
    "tạ|hà|lương|phùng|tô|quách|thái|chu|tống|nghiêm|kiều|la|bạch"
)
_SMALL_NAME: Final = re.compile(
    r"(?P<before>\b(?:tôi là|tôi tên(?: là)?|tên tôi(?: là)?|họ tên|họ và tên|tên là|ký tên)\s*:?\s+)"
    rf"(?:{_FAMILIES})(?:\s+[^\W\d_]+){{1,3}}",
    re.IGNORECASE,
)


def mask(text: str) -> str:
    """Return a comment without what tells who wrote it or whom it names.

    Examples
    --------
    >>> mask("Tôi là Nguyễn Văn An, gọi 0912 345 678")
    'Tôi là [đã che], gọi [đã che]'
    >>> mask("tên tôi là nguyễn văn an")
    'tên tôi là [đã che]'
    >>> mask("Cán bộ nhiệt tình, chờ 2 giờ")
    'Cán bộ nhiệt tình, chờ 2 giờ'
    """
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    text = _NAME.sub(rf"\g<before>{MASK}", text)
    return _SMALL_NAME.sub(rf"\g<before>{MASK}", text)


@dataclass(frozen=True, slots=True)
class Found:
    """One comment that holds the words somebody looked for."""

    channel: str
    unit: str
    form: str
    period: str
    topic: str | None
    text: str


def search_comments(
    store: Store, words: str, *, period: str | None = None, unit: str | None = None
) -> list[Found]:
    """Return the comments that hold all words, written with or without diacritics.

    Words with diacritics find only what is written so: "đa" does not find "da".
    """
    wanted = [word.casefold() for word in unicodedata.normalize("NFC", words).split()]
    conditions = "".join(" AND instr(folded, ?)" for _ in wanted)
    rows = store.rows(
        f"""SELECT channel, unit, form, period, topic, text FROM typed_comments
        WHERE (period = ? OR ? IS NULL) AND (unit = ? OR ? IS NULL){conditions}
        ORDER BY period, unit, form, text""",
        *[period] * 2,
        *[unit] * 2,
        *map(unaccented, wanted),
    )
    accented = [word for word in wanted if unaccented(word) != word]
    found = [Found(**row) for row in map(dict, rows)]
    return [one for one in found if all(word in one.text.casefold() for word in accented)]


def untyped(store: Store) -> list[Written]:
    """Return the comments that nobody typed yet, the oldest first; only of slips that count."""
    rows = store.rows(
        """SELECT slips.reading, question, page, serial, form, fingerprint, unit, period, corners_px
        FROM comments JOIN slips USING (reading)
        WHERE standing = 'counts' AND NOT EXISTS (
            SELECT 1 FROM current_transcripts AS typed
            WHERE typed.reading = comments.reading AND typed.question = comments.question)
        ORDER BY slips.reading, question"""
    )
    return [Written(**{**dict(row), "corners_px": _corners(row["corners_px"])}) for row in rows]


def find_written(store: Store, reading: int, question: str) -> Written | None:
    """Return one comment, typed or not."""
    row = store.row(
        """SELECT slips.reading, question, page, serial, form, fingerprint, unit, period, corners_px
        FROM comments JOIN slips USING (reading) WHERE slips.reading = ? AND question = ?""",
        reading,
        question,
    )
    return None if row is None else Written(**{**dict(row), "corners_px": _corners(row["corners_px"])})


def transcribe(store: Store, written: Written, topic: Topic, text: str, *, by: str) -> None:
    """Keep what somebody read in a comment, masked once more.

    Raises
    ------
    OmrError
        If the text is too long, or empty where something can be read.
    """
    masked = mask(" ".join(text.split()))
    if len(masked) > LONGEST:
        raise OmrError("desk.comment_too_long", most=LONGEST)
    if not masked and topic is not Topic.UNREADABLE:
        raise OmrError("desk.comment_empty")
    with store.act("transcribe", by=by) as act:
        _add(act, written, topic.value, masked)


def _add(act: Act, written: Written, topic: str, masked: str) -> None:
    act.add(
        "transcripts",
        {
            "transcript": act.next_id("transcripts", "transcript"),
            "reading": written.reading,
            "question": written.question,
            "topic": topic,
            "text": masked,
            "folded": unaccented(masked),
        },
    )


def typed_before(store: Store, written: Written) -> str:
    """Return what was typed last for a comment, also if it was taken back; empty where nobody typed."""
    row = store.row(
        """SELECT text FROM transcripts WHERE reading = ? AND question = ? AND topic <> ?
        ORDER BY transcript DESC LIMIT 1""",
        written.reading,
        written.question,
        WITHDRAWN,
    )
    return "" if row is None else str(row["text"])


def take_back(store: Store, written: Written, *, by: str) -> bool:
    """Take back what this person typed last for a comment, which then waits again; return whether it did."""
    typed = store.row(
        """SELECT by FROM current_transcripts JOIN events ON events.event = current_transcripts.event
        WHERE reading = ? AND question = ?""",
        written.reading,
        written.question,
    )
    if typed is None or typed["by"] != by:
        return False
    with store.act("transcribe", by=by, why=WITHDRAWN) as act:
        _add(act, written, WITHDRAWN, "")
    return True


def handwritten(store: Store, period: str, *, unit: str | None = None) -> int:
    """Return how many slips of a period that count have something written on them, typed or not."""
    count = store.value(
        """SELECT count(DISTINCT reading) FROM comments JOIN slips USING (reading)
        WHERE period = ?1 AND standing = 'counts' AND (unit = ?2 OR ?2 IS NULL)""",
        period,
        unit,
    )
    return int(count or 0)


def transcripts(store: Store, period: str, *, unit: str | None = None) -> list[Transcript]:
    """Return the comments of a period as they count today, those that could be read."""
    rows = store.rows(
        """SELECT slips.reading, unit, form, period, topic, text FROM transcripts JOIN slips USING (reading)
        WHERE period = ? AND text <> '' AND standing = 'counts' AND transcript IN (
            SELECT max(transcript) FROM transcripts GROUP BY reading, question)
        ORDER BY unit, form, slips.reading""",
        period,
    )
    kept = [Transcript(**{**dict(row), "topic": Topic(row["topic"])}) for row in rows]
    return [one for one in kept if unit in (None, one.unit)]


def _corners(text: str) -> Points:
    return np.array(json.loads(text), np.float64)
