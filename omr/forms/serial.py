"""The serial number of a slip: digits, guard letters, check characters.

``1 26 0000042 KMT 4X``: form digit, year, number, three guard letters that cannot be
guessed, two check characters (ISO 7064 MOD 1271-36). Stored and encoded without blanks.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Serial:
    """A serial whose pattern and check characters are right; whether it was issued, the register says."""

    digit: int
    year: int  # two digits
    number: int
    guard: str
    check: str


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
    key: bytes
