"""Which slip is this: AlignedPage -> IdentifiedPage, through ladder, QR and printed text."""

from __future__ import annotations

from dataclasses import dataclass

from omr.forms.serial import Issue, Serial
from omr.reading.align import AlignedPage


@dataclass(frozen=True, slots=True, eq=False)
class IdentifiedPage:
    """A page with a serial that was issued."""

    aligned: AlignedPage
    serial: Serial
    issue: Issue
    carriers: tuple[str, ...]  # which agreed: "ladder", "qr", "text"
