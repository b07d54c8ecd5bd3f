"""The typefaces of the forms: files, text widths, line breaks.

Four faces, shipped in `omr/fonts` with their licences: ``regular``, ``bold``, ``italic``
(Noto Sans Condensed) and ``mono`` (DejaVu Sans Mono, for the serial: its zero is slashed).
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

MM_PER_PT: Final = 25.4 / 72
# Above and below the baseline, in font sizes: holds the stacked signs of Ễ and the tail of ự.
ASCENT: Final = 0.95
DESCENT: Final = 0.28

_FILES: Final = {
    "regular": "NotoSans-Condensed.ttf",
    "bold": "NotoSans-CondensedSemiBold.ttf",
    "italic": "NotoSans-CondensedItalic.ttf",
    "mono": "DejaVuSansMono.ttf",
}


def font_file(face: str) -> Path:
    """Return the TrueType file of a face."""
    return Path(str(resources.files("omr"))) / "fonts" / _FILES[face]


@cache
def _face(face: str) -> TTFont:
    font = TTFont(f"omr-{face}", str(font_file(face)))
    pdfmetrics.registerFont(font)
    return font


def embedded(face: str) -> str:
    """Register a face with reportlab and return the name it has there."""
    return str(_face(face).fontName)


def width_mm(text: str, face: str, size_pt: float) -> float:
    """Return how wide a line of text is.

    Examples
    --------
    >>> round(width_mm("Rất hài lòng", "regular", 8.5), 1)
    13.8
    """
    return float(pdfmetrics.stringWidth(text, embedded(face), size_pt)) * MM_PER_PT


def missing_letters(text: str, face: str) -> str:
    """Return the characters of `text` that the face cannot print, each once."""
    known = _face(face).face.charToGlyph
    return "".join(dict.fromkeys(letter for letter in text if ord(letter) not in known))


def broken(text: str, face: str, size_pt: float, room_mm: float) -> list[str]:
    """Break a text into lines of at most `room_mm`; a single longer word keeps a line to itself.

    A blank that must not end a line is written as a no-break space (U+00A0).
    """
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_mm(longer, face, size_pt) <= room_mm:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
