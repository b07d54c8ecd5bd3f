"""Serials of the register that look like what somebody typed: one character off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from omr.errors import OmrError
from omr.forms.serial import LENGTH, IssuedSerials, Serial, parse_serial

_SIGNS: Final = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
MOST: Final = 5


def near_serials(text: str, issued: IssuedSerials) -> list[Serial]:
    """Return issued serials one edit away: a wrong, missing or doubled character, or two swapped.

    Nobody learns a serial here that he did not nearly know: guard letters must be right but
    for one. Whoever picks one compares it with the paper.
    """
    compact = "".join(text.split()).replace("-", "").upper()
    if not LENGTH - 1 <= len(compact) <= LENGTH + 1:
        return []
    found: dict[Serial, None] = {}
    for candidate in _edits(compact):
        try:
            serial = parse_serial(candidate)
        except OmrError:
            continue
        if issued.find(serial) is not None:
            found[serial] = None
    return list(found)[:MOST]


def _edits(text: str) -> Iterator[str]:
    for place in range(len(text)):
        before, after = text[:place], text[place + 1 :]
        if len(text) == LENGTH:
            yield from (before + sign + after for sign in _SIGNS)
            if after:
                yield before + after[0] + text[place] + after[1:]
        elif len(text) > LENGTH:
            yield before + after
    if len(text) < LENGTH:
        for place in range(len(text) + 1):
            yield from (text[:place] + sign + text[place:] for sign in _SIGNS)
