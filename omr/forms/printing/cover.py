"""The cover sheet of a batch: lies on top of a stack and tells the reader whose stack it is."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reportlab.lib.units import mm
from reportlab.platypus import Spacer

from omr.forms.printing.office_paper import code, table, text, write_paper
from omr.forms.symbols import address_code
from omr.messages import say

_MARK: Final = "OMR-BATCH"
# Three times the module that a blurred scan at 200 dpi still gives: this sheet must always be read.
_MODULE_MM: Final = 1.0


@dataclass(frozen=True, slots=True)
class Cover:
    """What a cover sheet says about its stack."""

    unit: str
    period: str
    form: str
    count: int  # slips below it
    serials: str = ""  # first..last, for people

    @property
    def payload(self) -> str:
        """What the code holds: the fields, and a check sum over them.

        Examples
        --------
        >>> parse_cover(Cover("PC06", "2026-11", "DL-01", 240).payload).count
        240
        """
        fields = "|".join([_MARK, self.unit, self.period, self.form, str(self.count), self.serials])
        return f"{fields}|{zlib.crc32(fields.encode()):08x}"


def parse_cover(payload: str) -> Cover | None:
    """Return what a code says, or None if it is not that of a cover sheet."""
    fields, _, check = payload.rpartition("|")
    words = fields.split("|")
    if len(words) != 6 or words[0] != _MARK or check != f"{zlib.crc32(fields.encode()):08x}":
        return None
    if not re.fullmatch("[1-9][0-9]{0,6}", words[4]):  # anybody can print a code with a fitting check sum
        return None
    return Cover(words[1], words[2], words[3], int(words[4]), words[5])


def print_cover(cover: Cover, unit_name: str, office: str, target: Path) -> None:
    """Print the sheet on A5, the size of the slips it lies on.

    Raises
    ------
    OmrError
        If the file cannot be written.
    """
    serials = cover.serials.replace("..", " – ") or "……………………"
    lines = [
        (say("cover.unit"), f"{unit_name} ({cover.unit})"),
        (say("cover.period"), cover.period),
        (say("cover.form"), cover.form),
        (say("cover.count"), str(cover.count)),
        (say("cover.serials"), serials),
        (say("cover.point"), ""),
        (say("cover.spoiled"), ""),
        (say("cover.visits"), ""),
    ]
    head = table(
        [
            [
                [
                    text(office.upper(), "head", bold=True),
                    Spacer(0, 8 * mm),
                    text(say("cover.title"), "title", bold=True),
                ],
                code(address_code(cover.payload), _MODULE_MM),
            ]
        ],
        [68.0, 50.0],
        ruled=False,
    )
    signed = [text(say(f"cover.{who}"), centred=True, bold=True) for who in ("giver", "taker")]
    hint = [text(say("cover.sign"), "small", centred=True, italic=True)] * 2
    story = [
        head,
        Spacer(0, 4 * mm),
        table([[text(name), text(value, bold=True)] for name, value in lines], [48.0, 70.0]),
        Spacer(0, 4 * mm),
        text(say("cover.how"), "small"),
        Spacer(0, 6 * mm),
        table([signed, hint], [59.0, 59.0], ruled=False),
    ]
    write_paper(target, "A5", say("cover.title"), story)
