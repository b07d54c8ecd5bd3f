"""Small charts as inline SVG: attributes only, as the policy wants; readable in black and white.

Their classes let the style sheet choose other colours for a dark screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Final

from markupsafe import Markup

from omr.figures import Share

_INK: Final = "#1b2421"
_FILL: Final = "#0f5c4d"
_TRACK: Final = "#e9e7df"
_EDGE: Final = "#8b938f"
# Told apart by lightness alone, and by their order, which the legend repeats.
LEVEL_FILLS: Final = ("#0a463a", "#3f8473", "#a9c7be", "#d8d5c8", "#ffffff")


def interval_bar(share: Share, says: str, *, width: int = 220) -> Markup:
    """Draw a share from 0 to 100 % with its 95 % interval as a whisker."""
    percent, interval = share.percent(), share.interval()
    if percent is None:
        return _svg(width, 18, says, "")
    x = _scaled(percent, width)
    marks = f'<rect class="fill" x="0" y="4" width="{x}" height="10" fill="{_FILL}"/>'
    if interval is not None:
        low, high = (_scaled(end, width) for end in interval)
        marks += _line(low, 9, high, 9, 4, "#ffffff", "halo") + _line(low, 9, high, 9, 1.6)
        marks += _line(low, 5, low, 13, 1.6) + _line(high, 5, high, 13, 1.6)
    return _svg(width, 18, says, _track(4.5, width, 9) + marks)


def band_bar(share: Share, low: int, high: int, says: str, *, width: int = 260) -> Markup:
    """Draw a share against a target band in per cent."""
    percent = share.percent()
    left, right = _scaled(Decimal(low), width), _scaled(Decimal(high), width)
    body = _track(8.5, width, 11)
    if percent is not None:
        reach = _scaled(min(percent, Decimal(100)), width)
        body += f'<rect class="fill" x="0" y="8" width="{reach}" height="12" fill="{_FILL}"/>'
    body += _line(left, 3, left, 25, 2) + _line(right, 3, right, 25, 2) + _line(left, 3, right, 3, 2)
    body += _text(left, 36, f"{low}%", "middle") + _text(right, 36, f"{high}%", "middle")
    return _svg(width, 40, says, body)


def levels_bar(counts: Sequence[tuple[str, int]], says: str, *, width: int = 360) -> Markup:
    """Draw how answers divide into levels, the best first, each with its count where there is room."""
    total = sum(count for _, count in counts)
    body, x = "", 0.0
    for place, (_, count) in enumerate(counts):
        part = width * count / total if total else 0.0
        fill = LEVEL_FILLS[min(place, len(LEVEL_FILLS) - 1)]
        spot = f'x="{x:.1f}" y="1" width="{part:.1f}" height="20"'
        body += f'<rect {spot} fill="{fill}" stroke="{_INK}" stroke-width="0.7"/>'
        if part > 9 * len(str(count)) + 6:
            ink = "#ffffff" if place < 2 else _INK
            body += _text(x + part / 2, 15.5, str(count), "middle", ink, "on-fill")
        x += part
    return _svg(width, 22, says, body)


def _track(y: float, width: int, height: int) -> str:
    place = f'x="0.5" y="{y}" width="{width - 1}" height="{height}"'
    return f'<rect class="track" {place} fill="{_TRACK}" stroke="{_EDGE}"/>'


def _svg(width: int, height: int, says: str, body: str) -> Markup:
    return Markup(
        f'<svg class="chart" role="img" aria-label="{escape(says)}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{body}</svg>'
    )


def _scaled(percent: Decimal, width: int) -> float:
    return round(float(percent) * width / 100, 1)


def _line(
    x1: float, y1: float, x2: float, y2: float, thick: float, ink: str = _INK, role: str = "ink"
) -> str:
    ends = f'x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"'
    return f'<line class="{role}" {ends} stroke="{ink}" stroke-width="{thick}"/>'


def _text(x: float, y: float, text: str, anchor: str, ink: str = _INK, role: str = "ink") -> str:
    place = f'x="{x:.1f}" y="{y}" font-size="11" text-anchor="{anchor}"'
    return f'<text class="{role}" {place} fill="{ink}">{escape(text)}</text>'
