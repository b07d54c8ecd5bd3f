"""Handwriting in the comment box: short Vietnamese remarks in a joined-up scrawl."""

from __future__ import annotations

import unicodedata
from typing import Final

import numpy as np

from omr.geometry import Box, Points
from omr.simulate.ink import Sheet, draw_line, write
from omr.simulate.pens import Hand, Rng

REMARKS: Final = (
    "Cán bộ nhiệt tình, cảm ơn",
    "Chờ hơi lâu, cần thêm ghế ngồi",
    "Không có ý kiến gì thêm",
    "Thủ tục nhanh gọn, dễ hiểu",
    "Nên hướng dẫn rõ hơn về biểu mẫu",
    "Rất hài lòng với cách làm việc của cán bộ",
    "Đề nghị trả kết quả đúng hẹn",
    "Trời nóng, phòng chờ cần thêm quạt",
    "Mong mở thêm quầy vào buổi sáng thứ hai",
    "Cảm ơn các anh chị công an",
)

_LINE_MM: Final = 5.5  # between two lines of writing, where the box has room

# Letters as control points: x to the right, y up from the base line, in units of the x-height.
_LETTERS: Final[dict[str, str]] = {
    "a": "65,90 25,100 5,45 30,0 62,60 65,95 66,15 85,10",
    "b": "0,20 30,170 18,200 8,20 35,0 60,40 40,85 15,60 70,70",
    "c": "60,80 30,100 5,45 35,0 70,25",
    "d": "60,90 25,100 5,45 30,0 62,60 72,205 66,15 85,10",
    "e": "5,40 50,60 40,98 10,70 15,10 45,0 75,30",
    "g": "65,90 25,100 5,45 30,0 62,60 65,90 62,-70 35,-110 20,-75 85,10",
    "h": "0,20 30,180 18,205 10,0 20,70 45,98 55,70 56,15 75,8",
    "i": "0,20 18,98 18,15 40,8",
    "k": "0,20 30,180 18,205 10,0 20,50 50,92 22,52 55,5 75,10",
    "l": "0,20 28,180 16,205 12,30 35,5",
    "m": "0,10 12,98 12,5 20,70 38,98 44,60 44,5 52,70 70,98 78,60 78,15 95,8",
    "n": "0,10 12,98 12,5 22,70 45,98 54,70 54,15 75,8",
    "o": "45,98 10,70 20,5 55,20 50,90 30,95 75,85",
    "p": "0,30 14,98 10,-105 14,60 45,98 58,45 30,2 75,25",
    "q": "65,90 25,100 5,45 30,0 62,60 65,90 62,-105 85,10",
    "r": "0,15 15,98 15,5 25,75 55,95 70,80",
    "s": "0,15 35,98 50,50 25,0 5,20 70,15",
    "t": "0,25 20,160 18,25 35,0 60,20",
    "u": "0,60 10,98 14,15 38,5 55,70 58,98 60,15 80,8",
    "v": "0,75 12,98 28,5 55,80 50,98 78,80",
    "x": "0,85 15,95 50,5 65,10 30,50 55,98 10,2 80,20",
    "y": "0,60 10,98 16,20 40,10 58,98 55,-70 30,-110 15,-75 80,10",
}
# Signs over and under a letter, and the bar of đ and t, drawn after the word.
_SIGNS: Final[dict[str, str]] = {
    "\u0301": "35,150 60,185",  # acute
    "\u0300": "20,185 45,150",  # grave
    "\u0309": "25,180 45,185 48,165 35,148",  # hook above
    "\u0303": "10,155 25,172 42,155 60,170",  # tilde
    "\u0323": "34,-35 38,-39",  # dot below
    "\u0302": "10,125 35,150 58,122",  # circumflex
    "\u0306": "10,150 30,125 55,148",  # breve
    "\u031b": "62,98 80,115 72,130",  # horn
    ",": "10,5 15,-5 5,-30",
    "bar": "10,150 60,152",
    "i": "20,140 24,142",
}


def _places(code: str) -> Points:
    return np.array([[float(v) for v in pair.split(",")] for pair in code.split()]) / 100


def letter_points(letter: str) -> Points:
    """Return a letter's control points in a square of one, y down; a cross where it has none."""
    code = _LETTERS.get(letter.lower(), "0,0 30,30 50,50 70,70 100,100")
    points = _places(code) * (1.0, -1.0)
    low, high = points.min(axis=0), points.max(axis=0)
    return np.asarray((points - low) / np.maximum(high - low, 0.3))


def write_remark(sheet: Sheet, area: Box, hand: Hand, rng: Rng) -> str:
    """Write one or two remarks into an area; returns the text."""
    text = " ".join(str(REMARKS[i]) + "." for i in rng.permutation(len(REMARKS))[: int(rng.integers(1, 3))])
    x_height = max(rng.uniform(1.4, 2.0), 3.3 * hand.width_mm)  # a thick pen writes larger
    row_mm = min(max(_LINE_MM, 2.6 * x_height), area.height_mm / 2)
    x, base = area.x_mm + rng.uniform(1.5, 5), area.y_mm + row_mm * 0.82
    slope, start, written = rng.normal(0, 0.008), x, []
    for word in text.rstrip(".").split():
        lines, width = _word(word, x_height, rng)
        if x + width > area.x_mm + area.width_mm - 1:
            x, base = area.x_mm + rng.uniform(1.0, 4), base + row_mm
            start = x
        if base > area.y_mm + area.height_mm - 0.8:
            break
        foot = np.array([x, base + slope * (x - start) + rng.normal(0, 0.12)])
        write(sheet, [draw_line(points + foot, hand, rng) for points in lines], hand, rng)
        x += width + x_height * rng.uniform(0.7, 1.2)
        written.append(word)
    return " ".join(written)


def _word(word: str, x_height: float, rng: Rng) -> tuple[list[Points], float]:
    """Return the pen's control points for a word with its base line at y = 0, and its width in mm."""
    body: list[Points] = []
    signs: list[Points] = []
    pen = 0.0
    lean = rng.uniform(0.05, 0.35)
    for char in unicodedata.normalize("NFD", word):
        if char in _SIGNS and char != "i":
            signs.append(_places(_SIGNS[char]) + (pen - 0.78, 0.0))
            continue
        plain = char.lower().replace("đ", "d")
        if plain not in _LETTERS:
            continue
        tall = 1.45 if char.isupper() else 1.0
        letter = _places(_LETTERS[plain]) * (rng.uniform(0.92, 1.12), tall * rng.uniform(0.88, 1.12))
        letter += rng.normal(0, 0.05, letter.shape)
        body.append(letter + (pen, 0.0))
        if char in "đĐt":
            signs.append(_places(_SIGNS["bar"]) + (pen, 0.0))
        if char == "i":
            signs.append(_places(_SIGNS["i"]) + (pen, 0.0))
        pen += float(letter[:, 0].max()) + 0.08
    strokes = ([np.vstack(body)] if body else []) + signs
    out = [np.stack([(s[:, 0] + lean * s[:, 1]), -s[:, 1]], axis=1) * x_height for s in strokes]
    return out, pen * x_height
