"""The serial number of a slip: digits, guard letters, check characters.

``1 26 0000042 KMT M3``: form digit, year, number, three guard letters that cannot be
guessed, two check characters (ISO 7064 MOD 1271-36). Stored and encoded without blanks.
"""

from __future__ import annotations

import hmac
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from omr.errors import OmrError

# Without letters that a reader or a printer's dirt turns into another sign:
# B 8, G 6, I 1, O 0, Q O, S 5, Z 2. 19 letters: a made-up serial fits once in 6,859 times.
GUARD_ALPHABET: Final = "ACDEFHJKLMNPRTUVWXY"
CHECK_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # values 0 to 35 of ISO 7064
MAX_NUMBER: Final = 9_999_999
KEY_BYTES: Final = 32
LENGTH: Final = 15

MOST_PAGES: Final = 9  # one digit: with one more sign, the QR code of this size is full

_CARRIED: Final = re.compile(
    rf"([0-9])([0-9]{{2}})([0-9]{{7}})([{GUARD_ALPHABET}]{{3}})([2-{MOST_PAGES}])([0-9A-Z]{{2}})"
)
_PATTERN: Final = re.compile(
    rf"([0-9])([0-9]{{2}})([0-9]{{7}})([{GUARD_ALPHABET}]{{3}})([0-9A-HJ-NP-Z]{{2}})"
)
_MODULUS: Final = 1271
_RADIX: Final = 36


def check_characters(payload: str) -> str:
    """Return the two check characters of ISO 7064 MOD 1271-36.

    The modulus 31 x 41 is prime to the radix and to radix - 1, and larger than any
    difference of two values: every single wrong character and every swap of two
    neighbours changes the remainder.

    Examples
    --------
    >>> check_characters("ISO79")
    '3W'
    """
    remainder = 0
    for character in payload:
        remainder = (remainder + CHECK_ALPHABET.index(character)) * _RADIX % _MODULUS
    high, low = divmod((1 - remainder * _RADIX) % _MODULUS, _RADIX)
    return CHECK_ALPHABET[high] + CHECK_ALPHABET[low]


@dataclass(frozen=True, slots=True, order=True)
class Serial:
    """A serial with a right pattern and its check characters; whether it was issued, the register says."""

    digit: int
    year: int  # two digits
    number: int
    guard: str

    def __post_init__(self) -> None:
        if not (0 <= self.digit <= 9 and 0 <= self.year <= 99 and 0 <= self.number <= MAX_NUMBER):
            raise ValueError(f"no serial: {self.digit} {self.year} {self.number}")
        if len(self.guard) != 3 or set(self.guard) - set(GUARD_ALPHABET):
            raise ValueError(f"guard letters {self.guard!r}: expected 3 of {GUARD_ALPHABET}")

    @property
    def check(self) -> str:
        """The two check characters."""
        return check_characters(self._payload)

    @property
    def printed(self) -> str:
        """The serial in groups, as it stands on paper."""
        return f"{self.digit} {self.year:02} {self.number:07} {self.guard} {self.check}"

    def carried(self, page: int) -> str:
        """Return what the codes of a page hold: the serial, from the second page on with the page's number.

        The number stands before check characters of its own: a page is never taken for another one
        because of one wrong sign.
        """
        if page == 1:
            return str(self)
        payload = f"{self._payload}{page}"
        return payload + check_characters(payload)

    @property
    def _payload(self) -> str:
        return f"{self.digit}{self.year:02}{self.number:07}{self.guard}"

    def __str__(self) -> str:
        return self._payload + self.check


def as_printed(name: str) -> str:
    """Return the name of a slip as it stands on it; of paper that was not printed here as it is kept.

    Examples
    --------
    >>> as_printed("1260000042KMTM3"), as_printed("COURSE/0000007")
    ('1 26 0000042 KMT M3', 'COURSE/0000007')
    """
    try:
        return parse_serial(name).printed
    except OmrError:
        return name


def parse_serial(text: str) -> Serial:
    """Return the serial written in `text`; blanks, hyphens and lower case are accepted.

    Raises
    ------
    OmrError
        If the pattern (``serial.pattern``) or the check characters (``serial.check``) are wrong.

    Examples
    --------
    >>> parse_serial("1 26 0000042 kmt-m3").number
    42
    """
    shown = text[:40]
    compact = "".join(text.split()).replace("-", "")
    # Only ASCII is raised to capitals: "ß" and "ſ" would turn into a valid S.
    found = _PATTERN.fullmatch(compact.upper()) if compact.isascii() else None
    if found is None:
        raise OmrError("serial.pattern", text=shown)
    digit, year, number, guard, check = found.groups()
    serial = Serial(int(digit), int(year), int(number), guard)
    if serial.check != check:
        raise OmrError("serial.check", text=shown)
    return serial


def parse_carried(text: str) -> tuple[Serial, int]:
    """Return the serial and the page that a code holds.

    Raises
    ------
    OmrError
        As `parse_serial`.

    Examples
    --------
    >>> parse_carried(parse_serial("1260000042KMTM3").carried(2))[1]
    2
    """
    found = _CARRIED.fullmatch(text)
    if found is None:
        return parse_serial(text), 1
    digit, year, number, guard, page, check = found.groups()
    if check_characters(text[:-2]) != check:
        raise OmrError("serial.check", text=text[:40])
    return Serial(int(digit), int(year), int(number), guard), int(page)


def parse_typed(text: str) -> tuple[Serial, int | None]:
    """Return the serial and the page that a person typed: ``1 26 0000042 KMT M3 /2``; None: no page.

    Raises
    ------
    OmrError
        As `parse_serial`; ``serial.page`` where the page is no number from 1 to 9.
    """
    serial, stroke, page = text.partition("/")
    if stroke and not re.fullmatch(rf"\s*[1-{MOST_PAGES}]\s*", page):
        raise OmrError("serial.page", text=text[:40], most=MOST_PAGES)
    return parse_serial(serial), int(page) if stroke else None


@dataclass(frozen=True, slots=True)
class Issue:
    """A print run as the reading needs it: a range of numbers with the key of its guard letters.

    A range costs one row however long it is: guard letters are derived from `key`,
    32 bytes from the system's secret random source, by HMAC-SHA-256.
    """

    run: str
    form: str
    fingerprint: str  # of the Form it was printed with
    unit: str
    period: str  # "2026-11"
    digit: int
    year: int
    first: int
    count: int
    key: bytes = field(repr=False)  # secret: whoever has it can make serials that validate

    def __post_init__(self) -> None:
        if not (0 <= self.digit <= 9 and 0 <= self.year <= 99):
            raise ValueError(f"issue {self.run}: form digit {self.digit}, year {self.year}")
        if self.first < 0 or self.count < 1 or self.last > MAX_NUMBER:
            raise ValueError(f"issue {self.run}: {self.count} numbers from {self.first}")
        if len(self.key) != KEY_BYTES:
            raise ValueError(f"issue {self.run}: key of {len(self.key)} bytes, expected {KEY_BYTES}")

    @property
    def last(self) -> int:
        """The last number of the range."""
        return self.first + self.count - 1

    def serial(self, number: int) -> Serial:
        """Return the serial of one number of the range.

        Raises
        ------
        ValueError
            If the range does not hold `number`.
        """
        if not self.first <= number <= self.last:
            raise ValueError(f"{number} is not in {self.first}..{self.last}")
        for attempt in range(1_000):
            serial = Serial(self.digit, self.year, number, self._guard(number, attempt))
            # O and I look like 0 and 1. 88 in 100 attempts have neither: 1,000 never run out.
            if not {"O", "I"} & set(serial.check):
                return serial
        raise ValueError(f"no guard letters for {number}")

    def serials(self) -> Iterator[Serial]:
        """Yield all serials of the range in order."""
        return (self.serial(number) for number in range(self.first, self.last + 1))

    def holds(self, serial: Serial) -> bool:
        """Whether `serial` was issued here: form digit, year, number and guard letters."""
        return (
            (self.digit, self.year) == (serial.digit, serial.year)
            and self.first <= serial.number <= self.last
            and hmac.compare_digest(self.serial(serial.number).guard, serial.guard)
        )

    def _guard(self, number: int, attempt: int) -> str:
        message = f"{self.digit}/{self.year:02}/{number:07}/{attempt}".encode()
        # 64 bits for 6,859 values: no letter is likelier than another by more than 1 in 10^15.
        rest = int.from_bytes(hmac.digest(self.key, message, "sha256")[:8], "big")
        letters = ""
        for _ in range(3):
            rest, index = divmod(rest, len(GUARD_ALPHABET))
            letters += GUARD_ALPHABET[index]
        return letters


class IssuedSerials:
    """All serials that were issued: a few ranges, sent to worker processes as they are.

    Raises
    ------
    ValueError
        If two ranges overlap: a serial must lead to one print run.
    """

    def __init__(self, issues: Iterable[Issue]) -> None:
        self._issues = sorted(issues, key=_start)
        self._starts = [_start(issue) for issue in self._issues]
        for one, next_ in zip(self._issues, self._issues[1:], strict=False):
            if _start(next_) <= (one.digit, one.year, one.last):
                raise ValueError(f"print runs {one.run} and {next_.run} overlap")

    def all(self) -> Iterator[Issue]:
        """Yield all print runs, by their numbers."""
        return iter(self._issues)

    def run(self, name: str) -> Issue | None:
        """Return a print run by its name, as in R26-0001."""
        return next((issue for issue in self._issues if issue.run == name), None)

    def find(self, serial: Serial) -> Issue | None:
        """Return the print run that issued `serial`, else None."""
        place = bisect_right(self._starts, (serial.digit, serial.year, serial.number))
        if place == 0:
            return None
        issue = self._issues[place - 1]
        return issue if issue.holds(serial) else None


def _start(issue: Issue) -> tuple[int, int, int]:
    return issue.digit, issue.year, issue.first
