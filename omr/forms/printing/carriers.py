"""The machine-readable carriers of a serial: what each is made of, where it is printed, who decodes it.

A further kind of code is a word (`omr.words.Carrier`), a place (`geometry.PageFrame.codes`) and a line
here; printing, the check of layouts, reading and the annotated picture go through this table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import zxingcpp

from omr.forms.symbols import CODE128_QUIET, QR_QUIET, Modules, code128, qr
from omr.geometry import CODE128_MODULE_MM, QR_MODULE_MM, Box, PageFrame
from omr.words import Carrier


@dataclass(frozen=True, slots=True)
class SerialCode:
    """One kind of code that carries a serial."""

    carrier: Carrier
    modules: Callable[[str], Modules]  # a serial as black modules, without quiet zones
    module_mm: float
    quiet: int  # modules of white around it
    linear: bool  # bars across the page's y: one line says all, and only its ends are known
    format: zxingcpp.BarcodeFormat
    zbar: str  # its name among zbar's symbologies

    @property
    def quiet_mm(self) -> float:
        """White around it."""
        return self.quiet * self.module_mm

    def place(self, frame: PageFrame, page: int) -> Box:
        """Return the place that a page keeps for it."""
        return frame.codes_on(page)[self.carrier]

    def ink(self, place: Box) -> tuple[Box, float]:
        """Return where the modules stand in the place that a page keeps for it, and how wide one is."""
        if self.linear:
            length = place.height_mm - 2 * self.quiet_mm
            ink = Box(place.x_mm, place.y_mm + self.quiet_mm, place.width_mm, length)
            return ink, place.width_mm
        return place.grown(-self.quiet_mm), self.module_mm


CODES: Final = {
    code.carrier: code
    for code in (
        SerialCode(
            Carrier.LADDER,
            code128,
            CODE128_MODULE_MM,
            CODE128_QUIET,
            linear=True,
            format=zxingcpp.BarcodeFormat.Code128,
            zbar="CODE128",
        ),
        SerialCode(
            Carrier.QR,
            qr,
            QR_MODULE_MM,
            QR_QUIET,
            linear=False,
            format=zxingcpp.BarcodeFormat.QRCode,
            zbar="QRCODE",
        ),
    )
}


def places(frame: PageFrame, page: int) -> dict[Carrier, Box]:
    """Return where a page has everything that says its serial: the codes and the printed text."""
    return {**frame.codes_on(page), Carrier.TEXT: frame.serial_text}
