"""Every word that is stored and that more than one room speaks, once: its value, its meaning, its message.

What is stored stays for ever: a word is never changed, only added. Who adds one writes it here and
its sentences in the catalogues; a word that a table or a view must know needs a migration, too, and
`tests/test_words.py` says which. Nobody writes or compares one of these words as a text.
A word that only one room speaks is an enum in that room.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal


class BoxState(StrEnum):
    """What one box says; its message is ``marks.<word>``."""

    BLANK = "blank"
    MARKED = "marked"
    CANCELLED = "cancelled"  # struck out or filled solid after it was marked
    DOUBTFUL = "doubtful"

    @property
    def label(self) -> str:
        """The message that names it."""
        return f"marks.{self}"


# What a person may say a box is, where boxes are labelled to learn and test from.
Labelled = Literal[BoxState.BLANK, BoxState.MARKED, BoxState.CANCELLED]


class AnswerState(StrEnum):
    """What one question says; its message is ``records.<word>``."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    MULTIPLE = "multiple"
    DOUBTFUL = "doubtful"
    # Never stored: what answers come to where they are counted (`records.counts.applying`).
    NOT_APPLICABLE = "not_applicable"

    @property
    def stored(self) -> bool:
        """Whether reading or a person may say it."""
        return self is not AnswerState.NOT_APPLICABLE

    @property
    def label(self) -> str:
        """The message that names it."""
        return f"records.{self}"


class Reason(StrEnum):
    """Why a person is asked about a box: a thing that can be seen; its message is ``marks.<word>``."""

    UNCLEAR = "unclear"  # more than an empty box shows, less than a mark
    FAINTER = "fainter_than_others"
    SMALLER = "smaller_than_others"
    OUTSIDE = "ink_outside"  # most of the stroke lies outside of the box
    OF_ANOTHER = "of_another_box"  # a stroke that belongs to the box beside
    STRUCK_OUT = "struck_out"  # more strokes than this person's marks have
    FILLED = "filled"  # where this person makes strokes: a mark, or one withdrawn
    LARGE = "reaches_far"  # a word, a loop, a line through several boxes
    STAMP = "stamp"
    STREAK = "streak"
    RING_AROUND = "ring_around"
    INK_BESIDE = "ink_beside"
    TWO_MARKS = "two_marks"
    LOW_CONTRAST = "low_contrast"  # this scan shows marks so weakly that one may be missing
    PRINT_DIFFERS = "print_differs"  # the box's own outline is not there
    PRINT_UNKNOWN = "print_unknown"  # too few empty boxes to tell print from ink
    CUT_OFF = "cut_off"  # the box lies off the picture
    SIGN_MISSING = "sign_missing"  # a value with an empty place between others
    CANNOT_BE = "cannot_be"  # a value that its check, its range or the calendar refuses
    WRITTEN_BEHIND = "written_behind"  # an empty box, and writing on the line behind it
    HANDWRITTEN = "handwritten"  # a value that was written by hand, of which machines are not sure

    @property
    def label(self) -> str:
        """The message that names it."""
        return f"marks.{self}"


class Carrier(StrEnum):
    """What said which serial a slip has; a reading stores those that agreed, divided by blanks."""

    LADDER = "ladder"  # Code 128 along the right edge
    QR = "qr"
    TEXT = "text"  # printed letters, only where neither code spoke
    TYPED = "typed"  # a person


class Seal(StrEnum):
    """What the stamp zone shows."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"  # no colour in the scan, or too little red to be sure


class PageOutcome(StrEnum):
    """What came of one scanned page; why it was rejected is a reason word of catalogue ``page``."""

    READ = "read"
    BLANK_BACK = "blank_back"
    REJECTED = "rejected"
    COVER = "cover"


# It stands behind the pages of a file in which others count more.
PAGES_MAY_BE_MISSING: Final = "pages_may_be_missing"
# The reasons of "pages" that are none: they are said of a whole file, and no sheet of paper belongs to them.
OF_A_FILE: Final = (
    PAGES_MAY_BE_MISSING,
    "attached_not_read",
    "empty_file",
    "not_a_scan",
    "archive",
    "encrypted",
    "unopened",
)
# Why a blank page waits: it is not the back of a sheet.
BLANK_ALONE: Final = "blank_alone"


class Standing(StrEnum):
    """Where a slip stands that was read."""

    COUNTS = "counts"
    HELD = "held"  # a person has to say whether it counts
    REFUSED = "refused"
    DUPLICATE = "duplicate"  # surely the same sheet as one that was read before


class Aside(StrEnum):
    """Why a slip that was read does not count by itself; people may say otherwise.

    Its messages are ``receipt.<word>``, a sentence, and ``web.case_<word>``, its name at the desk.
    """

    SAME_IMAGE = "same_image"
    SAME_SHEET = "same_sheet"
    DUPLICATE_OTHER_IMAGE = "duplicate_other_image"
    OTHER_UNIT = "other_unit"
    OTHER_PERIOD = "other_period"
    SPOILED = "spoiled"
    PERIOD_CLOSED = "period_closed"
    # Never stored: it ends by itself when the last page comes in.
    PAGES_MISSING = "pages_missing"

    @property
    def stored(self) -> bool:
        """Whether intake may write it down."""
        return self is not Aside.PAGES_MISSING

    @property
    def label(self) -> str:
        """The message that names it."""
        return f"web.case_{self}"

    @property
    def again(self) -> bool:
        """Whether its serial was read before."""
        return self in (Aside.SAME_IMAGE, Aside.SAME_SHEET, Aside.DUPLICATE_OTHER_IMAGE)

    @property
    def meanwhile(self) -> Meanwhile:
        """What holds for the slip while nobody decided."""
        return _MEANWHILE[self]


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What holds for a slip that was set aside, while nobody decided otherwise."""

    rule: str  # of `validity.toml`, that makes it invalid
    standing: Standing = Standing.HELD
    returned: bool = True  # whether the books count its serial as returned
    offered: tuple[str, ...] = ()  # what the desk offers at a glance; empty: as for any slip


# The rule of a slip that a person refused, in favour of another one with its serial.
RULE_OF_REFUSED: Final = "KHL3"
_ELSEWHERE: Final = Meanwhile("KHL7", offered=("counts", "KHL7", "refused"))
_MEANWHILE: Final = {
    Aside.SAME_IMAGE: Meanwhile(RULE_OF_REFUSED, Standing.DUPLICATE),
    Aside.SAME_SHEET: Meanwhile(RULE_OF_REFUSED, Standing.DUPLICATE),
    Aside.DUPLICATE_OTHER_IMAGE: Meanwhile(RULE_OF_REFUSED, offered=("refused", "counts", "KHL3")),
    Aside.OTHER_UNIT: _ELSEWHERE,
    Aside.OTHER_PERIOD: _ELSEWHERE,
    # Recorded as spoiled it is no returned one, and a closed period knows none that comes late.
    Aside.SPOILED: Meanwhile("KHL6", returned=False),
    Aside.PERIOD_CLOSED: Meanwhile("KHL7", returned=False),
    Aside.PAGES_MISSING: Meanwhile("KHL6", offered=("counts", "KHL6", "refused")),
}


class SlipDoubt(StrEnum):
    """Why a person should look at the whole of a slip that counts; its message is ``web.case_<word>``."""

    TWO_FIDUCIALS = "two_fiducials"
    TEXT_ONLY = "text_only"
    FEW_ANSWERS = "few_answers"
    NO_STAMP = "no_stamp"

    @property
    def label(self) -> str:
        """The message that names it."""
        return f"web.case_{self}"

    @property
    def offered(self) -> tuple[str, ...]:
        """What the desk offers at a glance; empty: as for any slip."""
        return _OFFERED.get(self, ())


_OFFERED: Final = {
    SlipDoubt.FEW_ANSWERS: ("counts", "refused", "KHL5"),
    SlipDoubt.NO_STAMP: ("counts", "KHL4"),
}


class SlipDecision(StrEnum):
    """What a person said about a slip; the message of what may be said is ``review.word_<word>``."""

    COUNTS = "counts"
    INVALID = "invalid"  # by a rule of `validity.toml`, which is stored beside it
    REFUSED = "refused"
    VOID = "void"  # its serial was typed wrong: it was never here
    WITHDRAWN = "withdrawn"


class PageDecision(StrEnum):
    """What a person said about a page that could not be read; messages as for slips."""

    SERIAL = "serial"  # it was typed, and is stored beside it
    INVALID = "invalid"
    NOT_A_SLIP = "not_a_slip"
    RESCANNED = "rescanned"
    WITHDRAWN = "withdrawn"


# A decision on anything that was taken back: the thing waits again.
WITHDRAWN: Final = "withdrawn"


class PeriodState(StrEnum):
    """Whether a period's figures may change; its message is ``register.is_<word>``."""

    OPEN = "open"
    CLOSED = "closed"
    ADJUSTING = "adjusting"  # closed once, and reopened by somebody for a reason


class Role(StrEnum):
    """What somebody may do; one person may have several. Messages ``web.role_<word>``, ``…_about``."""

    CLERK = "clerk"  # scans for one unit
    REVIEWER = "reviewer"  # PV01: decides what the machine asks
    LEAD = "lead"  # PV01: sees all figures, closes the month
    VIEWER = "viewer"  # head of one unit: sees that unit's figures
    ADMIN = "admin"  # accounts, nothing else


class NotRead(StrEnum):
    """Why something in a given folder or file was not read; its message is ``left_out.<word>``."""

    HIDDEN = "hidden"
    TRASH = "trash"
    THUMBNAILS = "thumbnails"
    SYSTEM_FILE = "system_file"
    PREVIEW = "preview"  # a smaller picture of the same page, inside its file
    UNREADABLE_FOLDER = "unreadable_folder"
    UNREADABLE_FILE = "unreadable_file"
    SPECIAL_FILE = "special_file"
    BROKEN_LINK = "broken_link"
    ARCHIVE = "archive"
    NOT_A_SCAN = "not_a_scan"
    TOO_LARGE = "too_large"

    @property
    def label(self) -> str:
        """The message that says why."""
        return f"left_out.{self}"

    @property
    def waits(self) -> bool:
        """Whether a person should see to it: it may hold slips."""
        return self not in _NOBODY_MEANT


_NOBODY_MEANT: Final = (
    *(NotRead.HIDDEN, NotRead.TRASH, NotRead.THUMBNAILS),
    *(NotRead.SYSTEM_FILE, NotRead.PREVIEW),
)
