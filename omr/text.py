"""Text as people write and read it, Vietnamese and English: folded for comparing, numbers, days.

What a program reads (JSON, stored words) never passes through here.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from omr.messages import NUMBER_SIGNS, language

NO_NUMBER: Final = "–"
MINUS: Final = "\N{MINUS SIGN}"

_SHAPES: Final = "\u0302\u0306\u031b"  # of â, ă, ơ: part of the letter; the other marks are tones
_PLAIN: Final = {
    **{"đ": "d", "Đ": "D", "–": "-", "—": "-", MINUS: "-", "…": "...", "×": "x", "≥": ">=", "≤": "<="},
    **{"“": '"', "”": '"', "‘": "'", "’": "'", "•": "*", "·": "-", "→": "->", "←": "<-"},
}
_GROUPED: Final = re.compile(r"\d{1,3}(?:[.\u00a0 ]\d{3})+")
_WHOLE: Final = re.compile(r"\d+(?:[.,]0{1,2})?")
_DAY_NUMBER: Final = re.compile(r"(\d{5})(?:[.,]\d{1,12})?", re.ASCII)
_EXCEL_ZERO: Final = date(1899, 12, 30)  # after February 1900, which Excel has with a day too many
_DAYS_OF_2000S: Final = range(36_526, 73_051)
_MIDNIGHT: Final = " 00:00:00"
_DAY: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def unaccented(text: str) -> str:
    """Return text for searching: no diacritics, no capitals, đ as d, single blanks.

    Examples
    --------
    >>> unaccented("Chờ  ĐỐNG ĐA, Thuỷ")
    'cho dong da, thuy'
    """
    plain = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).split())


def folded(text: str) -> str:
    """Return text for comparing names: the letters and digits of `unaccented`.

    Examples
    --------
    >>> folded("Công an huyện Thuỷ Nguyên") == folded("CÔNG AN HUYỆN THỦY-NGUYÊN")
    True
    """
    return "".join(sign for sign in unaccented(text) if sign.isalnum())


def sayable(sign: str, encoding: str) -> str:
    """Return what a set of characters has for a sign: itself, letter and tone apart, the letter, or ``?``.

    Examples
    --------
    >>> [sayable("ế", code) for code in ("utf-8", "cp1252", "ascii")], sayable("→", "cp1258")
    (['ế', 'ê', 'e'], '->')
    >>> sayable("ế", "cp1258") == "ê" + "\N{COMBINING ACUTE ACCENT}"
    True
    """
    apart = unicodedata.normalize("NFD", sign)
    marks = "".join(mark for mark in apart[1:] if mark in _SHAPES)
    letter = unicodedata.normalize("NFC", apart[0] + marks)
    tones = "".join(mark for mark in apart[1:] if mark not in _SHAPES)
    for way in (sign, letter + tones, letter, apart[0], _PLAIN.get(sign, "?")):
        try:
            way.encode(encoding)
        except UnicodeEncodeError:
            continue
        return way
    return "?"


def number(value: int | float | Decimal, spec: str = ",", *, code: str | None = None) -> str:
    """Return a number with the signs of a language; zero has no sign, and minus is a minus.

    Parameters
    ----------
    spec : str
        As `format` takes it: ``","`` groups thousands, ``".1f"`` gives one decimal.
    code : str, optional
        The language, for example ``"vi"``; by default the one in force.

    Examples
    --------
    >>> number(29350, code="vi"), number(Decimal("-1.50"), "+.2f", code="vi"), number(0.25, ".1f", code="en")
    ('29.350', '−1,50', '0.2')
    """
    text = format(value, spec).replace("-", MINUS)
    if value == 0:
        text = text.lstrip(f"+{MINUS}")
    return text.translate(NUMBER_SIGNS[code or language()])


def percent(value: Decimal | float | None, spec: str = "f") -> str:
    """Return a percentage, rounded before or by `spec`; a dash where there is none.

    Examples
    --------
    >>> from omr.messages import choose_language
    >>> choose_language("vi"); percent(Decimal("88.34")), percent(None)
    ('88,34%', '–')
    """
    return NO_NUMBER if value is None else f"{number(value, spec)}%"


def day(at: date) -> str:
    """Return a day as people write it in both languages of this house: day first.

    Examples
    --------
    >>> day(date(2026, 3, 5))
    '05/03/2026'
    """
    return f"{at:%d/%m/%Y}"


def whole_number(text: str) -> int | None:
    """Return a count as offices write it, None if it is none.

    Points and blanks may group thousands; zero decimals that a program added are dropped.

    Examples
    --------
    >>> [whole_number(text) for text in ("1.234", "1 234", "12,0", "12.00", "1,234", "-3", "=1+1")]
    [1234, 1234, 12, 12, None, None, None]
    """
    if len(text) > 15:
        return None
    if _GROUPED.fullmatch(text):
        return int(re.sub(r"\D", "", text))
    return int(re.split("[.,]", text)[0]) if _WHOLE.fullmatch(text) else None


def day_of(text: str, *, whole: bool = False) -> date | None:
    """Return the day that a text begins with: 2025-03-01 or, day first, 01/03/2025; None if there is none.

    Parameters
    ----------
    whole : bool
        Nothing may follow but the midnight that spreadsheets add.

    Examples
    --------
    >>> day_of("5/3/2025 14:20:01"), day_of("2025-03-05T14:20"), day_of("31/02/2025"), day_of("5/3/20251")
    (datetime.date(2025, 3, 5), datetime.date(2025, 3, 5), None, None)
    """
    found = _DAY.match(text)
    if found is None:
        return None
    rest = text[found.end() :]
    if rest not in ("", _MIDNIGHT) and (whole or rest[0].isalnum() and rest[0] != "T"):
        return None
    parts = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    try:
        return date(*map(int, parts))
    except ValueError:
        return None


def day_number(text: str) -> date | None:
    """Return the day that a bare number of Excel's stands for, counted from 1900; None if it is none.

    Of the days from 2000 to 2099 alone. Workbooks that count from 1904 mean a day four years later.

    Examples
    --------
    >>> day_number("46327"), day_number("46327.6833"), day_number("2026")
    (datetime.date(2026, 11, 1), datetime.date(2026, 11, 1), None)
    """
    found = _DAY_NUMBER.fullmatch(text)
    return _EXCEL_ZERO + timedelta(days=int(found[1])) if found and int(found[1]) in _DAYS_OF_2000S else None
