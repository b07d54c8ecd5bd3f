"""The pattern of a code: what it may say, and which codes fit it.

A pattern is a regular expression over the signs of codes, capitals and digits. Python's own matcher tries
every way in which signs can be shared out among repetitions, which for ``(.*.*)*9`` takes longer than anybody
waits. Here each part says where it can end if it begins at a place: that takes a time that grows with the
lengths of pattern and code only. As a place may hold several signs, the same shows whether any code fits.
"""

from __future__ import annotations

import re
import string
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

SIGNS: Final = string.digits + string.ascii_uppercase  # of which codes are made
_HOW_OFTEN: Final = {"?": (0, 1), "*": (0, sys.maxsize), "+": (1, sys.maxsize)}
_MOST_DEEP: Final = 60  # groups in each other: no code needs three; each is some calls in each other here
_ESCAPED: Final = r"\\(?:[dw]|[^A-Za-z0-9])"
_WORD: Final = re.compile(
    rf"(?P<one>{_ESCAPED}|\[\^?(?:{_ESCAPED}|[^\\\[\]])+\]|[^\\\[\](){{}}|?*+^$])"
    r"|(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<or>\|)|(?P<times>[?*+]|\{\d{1,3}(?:,\d{0,3})?\})",
    re.DOTALL,
)
_IN_CLASS: Final = re.compile(rf"({_ESCAPED}|.)(?:-({_ESCAPED}|.))?", re.DOTALL)


class PatternError(ValueError):
    """A pattern says what none of ours may say; its text is the part, as it stands there."""


@dataclass(frozen=True, slots=True)
class One:
    """One sign of these."""

    signs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Row:
    """One part after the other."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of several ways."""

    ways: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """A part again and again."""

    part: Part
    least: int
    most: int


Part = One | Row | Either | Times


@lru_cache(maxsize=256)
def parse_pattern(pattern: str) -> Part:
    r"""Return the parts of a pattern, which is meant for all of a code.

    It may say signs, ``.``, ``\d``, ``\w``, ``[A-C0-9]``, ``[^0]``, groups, ``|`` and how often: ``?``,
    ``*``, ``+``, ``{2}``, ``{1,3}``. ``^`` before and ``$`` behind everything change nothing.

    Raises
    ------
    PatternError
        If it says anything else, as looking ahead and back, or names of groups.
    """
    text = pattern.removeprefix("^")
    words = _words(text[:-1] if text.endswith("$") and not text.endswith(r"\$") else text)
    part = _either(words)
    if words:
        raise PatternError(words[-1][1])
    return part


def fits(pattern: Part, places: Sequence[str]) -> bool:
    """Whether a code fits a pattern: one that has in each place any of the signs told.

    Examples
    --------
    >>> fits(parse_pattern("PC[0-9]{2}"), "PC06"), fits(parse_pattern("PC[0-9]{2}"), ["P", "ABC", "0", "X"])
    (True, False)
    """
    return len(places) in _Ends(places).of(pattern, 0)


def codes_of(pattern: Part, places: Sequence[str]) -> Iterator[str]:
    """Yield all codes that fit a pattern and its places, in order."""
    open_ = [""]
    while open_:
        code = open_.pop()
        if not fits(pattern, [*code, *places[len(code) :]]):
            continue
        if len(code) == len(places):
            yield code
        else:
            open_ += [code + sign for sign in sorted(set(places[len(code)]), reverse=True)]


class _Ends:
    """Where the parts of a pattern can end among places that may hold certain signs."""

    def __init__(self, places: Sequence[str]) -> None:
        self.places = [frozenset(place) for place in places]
        self.known: dict[tuple[int, int], frozenset[int]] = {}

    def of(self, part: Part, start: int) -> frozenset[int]:
        """Return the places at which a part can end that begins at one."""
        key = (id(part), start)
        if key not in self.known:
            self.known[key] = self._found(part, start)
        return self.known[key]

    def _found(self, part: Part, start: int) -> frozenset[int]:
        match part:
            case One(signs):
                fit = start < len(self.places) and bool(self.places[start] & signs)
                return frozenset((start + 1,) if fit else ())
            case Row(parts):
                ends = frozenset((start,))
                for one in parts:
                    ends = self._after(one, ends)
                return ends
            case Either(ways):
                return frozenset(end for way in ways for end in self.of(way, start))
            case Times(what, least, most):
                return self._repeated(what, least, most, start)

    def _after(self, part: Part, starts: frozenset[int]) -> frozenset[int]:
        return frozenset(end for start in starts for end in self.of(part, start))

    def _repeated(self, what: Part, least: int, most: int, start: int) -> frozenset[int]:
        # Each time takes a place or nothing: after as many times as there are places, more find no more.
        enough = len(self.places) + 1
        ends = frozenset((start,))
        for _ in range(min(least, enough)):
            ends = self._after(what, ends)
        found = ends
        for _ in range(min(most - least, enough)):
            ends = self._after(what, ends)
            found |= ends
        return found


def _words(text: str) -> list[tuple[str, str]]:
    """Return kind and text of each word of a pattern, the last one first."""
    words, at, deep = [], 0, 0
    while at < len(text):
        found = _WORD.match(text, at)
        if found is None or found.lastgroup is None:
            raise PatternError(text[at : at + 12])
        deep += (found.lastgroup == "open") - (found.lastgroup == "close")
        if deep > _MOST_DEEP:
            raise PatternError(text[at : at + 12])
        words.append((found.lastgroup, found[0]))
        at = found.end()
    return words[::-1]


def _either(words: list[tuple[str, str]]) -> Part:
    """Take ways off the words until a group or the pattern ends."""
    ways = [_row(words)]
    while words and words[-1][0] == "or":
        words.pop()
        ways.append(_row(words))
    return Either(tuple(ways))


def _row(words: list[tuple[str, str]]) -> Part:
    parts: list[Part] = []
    while words and words[-1][0] not in ("or", "close"):
        kind, word = words.pop()
        if kind == "times":  # of nothing, or behind another one: lazy ones would change nothing
            raise PatternError(word)
        part = _group(words, word) if kind == "open" else One(_signs(word))
        if words and words[-1][0] == "times":
            part = Times(part, *_how_often(words.pop()[1]))
        parts.append(part)
    return Row(tuple(parts))


def _group(words: list[tuple[str, str]], opened: str) -> Part:
    part = _either(words)
    if not words:
        raise PatternError(opened)
    words.pop()
    return part


def _how_often(word: str) -> tuple[int, int]:
    if word in _HOW_OFTEN:
        return _HOW_OFTEN[word]
    least, comma, most = word[1:-1].partition(",")
    often = int(least), int(most or (sys.maxsize if comma else least))
    if often[0] > often[1]:
        raise PatternError(word)
    return often


def _signs(word: str) -> frozenset[str]:
    r"""Return the signs of ``A``, ``.``, ``\d`` or ``[A-C0-9]``."""
    match word[0]:
        case ".":
            return frozenset(SIGNS)
        case "[":
            without = word.startswith("[^")
            signs = frozenset(_of_class(word[1 + without : -1]))
            return frozenset(SIGNS) - signs if without else signs
        case "\\" if word[1] in "dw":
            return frozenset(string.digits if word[1] == "d" else SIGNS)
        case _:
            return frozenset(word[-1])


def _of_class(text: str) -> Iterator[str]:
    for first, last in _IN_CLASS.findall(text):
        low = _signs(first) if first != "." else frozenset(first)
        if not last:
            yield from low
        elif len(first) == len(last) == 1 and first <= last:
            yield from map(chr, range(ord(first), ord(last) + 1))
        else:
            raise PatternError(f"{first}-{last}")
