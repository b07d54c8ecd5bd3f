"""The office's red seal: round, pressed by hand over the stamp zone."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from omr.forms.fonts import font_file
from omr.forms.template import Form
from omr.geometry import MM_PER_INCH
from omr.simulate.ink import Cover, Sheet, stain_paper, tooth_patch
from omr.simulate.pens import Bgr, Rng

_SIZE_MM: Final = 35.0
_RED: Final[Bgr] = (0.34, 0.26, 0.84)
# A seal that nobody can take for a real one, and that looks like one to a scanner.
_RING: Final = "CON DẤU MÔ PHỎNG • KHÔNG CÓ GIÁ TRỊ • "
_MIDDLE: Final = ("PHIẾU", "MẪU")


@lru_cache(maxsize=4)
def seal_cover(dpi: int) -> Cover:
    """Return a round seal as the share of paper it covers: two rings, text around, text inside."""
    side = round(_SIZE_MM * dpi * 3 / MM_PER_INCH)
    middle, px = side / 2, dpi * 3 / MM_PER_INCH
    picture = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(picture)
    for radius, width in ((17.2, 0.9), (15.9, 0.3), (10.4, 0.35)):
        edge = (middle - radius * px, middle - radius * px, middle + radius * px, middle + radius * px)
        pen.ellipse(edge, outline=255, width=round(width * px))
    face = ImageFont.truetype(str(font_file("bold")), round(3.6 * px))
    widths = np.array([face.getlength(letter) for letter in _RING])
    widths += 2 * np.pi * 13.2 * px / len(_RING) - widths.mean()  # the same gap after every letter
    for letter, end, width in zip(_RING, np.cumsum(widths), widths, strict=True):
        angle = (end - width / 2) / (13.2 * px) - 0.62 * np.pi  # clockwise from the top
        glyph = Image.new("L", (round(7 * px), round(7 * px)), 0)
        ImageDraw.Draw(glyph).text((3.5 * px, 3.5 * px), letter, font=face, fill=255, anchor="mm")
        turned = glyph.rotate(-float(np.rad2deg(angle)), Image.Resampling.BICUBIC)
        x, y = middle + 13.2 * px * np.sin(angle), middle - 13.2 * px * np.cos(angle)
        picture.paste(255, (round(x - 3.5 * px), round(y - 3.5 * px)), turned)
    face = ImageFont.truetype(str(font_file("bold")), round(4.6 * px))
    for i, word in enumerate(_MIDDLE):
        pen.text((middle, middle + (i - 0.5) * 6.0 * px), word, font=face, fill=255, anchor="mm")
    small = cv2.resize(np.asarray(picture), (side // 3, side // 3), interpolation=cv2.INTER_AREA)
    return np.asarray(small.astype(np.float32) / 255)


def stamp(sheet: Sheet, form: Form, rng: Rng, *, astray: bool = False) -> None:
    """Press the red seal on the stamp zone, a little off and turned, with uneven ink.

    With `astray` it lands on some box instead.
    """
    cover = seal_cover(round(sheet.dpi))
    side = cover.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2 - 0.5, side / 2 - 0.5), rng.normal(0, 9), 1.0)
    pressed = np.asarray(cv2.warpAffine(cover, turn, (side, side)), np.float32)
    fine = tooth_patch(side, side, rng).astype(np.float32) / 255
    coarse = cv2.resize(
        rng.normal(0.86, 0.16, (7, 7)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC
    )
    pressed *= np.clip(coarse * (0.55 + 0.75 * fine), 0, 1) * rng.uniform(0.75, 1.0)
    x_mm, y_mm = form.frame.stamp.centre_mm
    if astray:
        boxes = np.array([option.box.centre_mm for question in form.questions for option in question.options])
        x_mm, y_mm = boxes[int(rng.integers(len(boxes)))] + rng.normal(0, 5, 2)
    else:
        x_mm, y_mm = x_mm + rng.normal(0, 1.2), y_mm + rng.normal(0, 1.2)
    px = sheet.dpi / MM_PER_INCH
    stain_paper(sheet, pressed, round(y_mm * px - side / 2), round(x_mm * px - side / 2), _RED)
