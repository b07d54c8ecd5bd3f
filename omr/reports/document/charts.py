"""Pictures for the report: readable in black and white, with Vietnamese letters, same bytes every time.

Shares are drawn as points with their 95 % interval: a bar would have to begin at 0 % and
would hide that two units differ by chance.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from omr.figures import Share, vietnamese
from omr.forms.fonts import font_file
from omr.records.offices.periods import Period
from omr.reports.figures.statistics import Month
from omr.reports.tables.satisfaction_tables import criteria, overall_levels, share_of
from omr.reports.tables.wording import rate

MM_PER_INCH: Final = 25.4
DPI: Final = 300  # what an office printer shows
WIDTH_MM: Final = 160.0  # between the margins of the page
ROW_MM: Final = 6.2
TREND_MM: Final = 68.0
MOST_ROWS: Final = 36  # with more the picture would not fit on a page

# Grey of each level's segment, best level first, and a hatch where greys alone would be too near.
SHADES: Final = ("0.25", "0.62", "1.0", "1.0", "0.0")
HATCHES: Final = ("", "", "....", "/////", "")

# What a number stands on in a hatched segment.
PLATE: Final = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}

INK: Final = "0.1"
FAINT: Final = "0.75"


@dataclass(frozen=True, slots=True)
class Point:
    """One share of a point chart; `firm` when its sample suffices."""

    label: str
    share: Share
    firm: bool = True


def _font(size_pt: float, face: str = "regular") -> FontProperties:
    return FontProperties(fname=str(font_file(face)), size=size_pt)


def _figure(height_mm: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH_MM / MM_PER_INCH, height_mm / MM_PER_INCH), dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0, colors=INK)
    return figure, axes


def _png(figure: Figure) -> bytes:
    target = io.BytesIO()
    # Without the line about the software, which would change the bytes with its version.
    figure.savefig(target, format="png", dpi=DPI, metadata={"Software": None})
    return target.getvalue()


def levels_chart(month: Month) -> bytes:
    """Return a picture of the five levels per field and in all, as bars of 100 %."""
    levels = overall_levels(month)
    pools = {field: month.pool(field=field) for field in month.fields} | {"Chung": month.pool()}
    rows = [(label, pool) for label, pool in pools.items() if pool.overall.whole]
    height_mm = 12 + 11 * len(rows) + 12
    figure, axes = _figure(height_mm)
    axes.set_position((0.27, 10 / height_mm, 0.63, (height_mm - 24) / height_mm))
    for row, (label, pool) in enumerate(rows):
        whole, left = pool.overall.whole, 0.0
        for place, code in enumerate(levels):
            share = Share(pool.levels.get(code, 0), whole)
            width = 100 * share.part / whole
            style = place % len(SHADES)
            axes.barh(
                row,
                width,
                0.58,
                left,
                color=SHADES[style],
                hatch=HATCHES[style],
                edgecolor=INK,
                linewidth=0.5,
                label=levels[code] if row == 0 else None,
            )
            if width >= 8:
                ink = "white" if style in (0, 4) else "black"
                text = vietnamese(share.percent() or Decimal(0))
                axes.text(
                    left + width / 2,
                    row,
                    text,
                    ha="center",
                    va="center",
                    color=ink,
                    fontproperties=_font(8),
                    bbox=PLATE if HATCHES[style] else None,
                )
            left += width
        good = rate(pool.overall)
        axes.text(101.5, row, good, va="center", fontproperties=_font(9, "bold"))
        axes.text(
            -1.5,
            row,
            f"{_wrapped(label)}\nN = {vietnamese(whole)} phiếu",
            ha="right",
            va="center",
            fontproperties=_font(8),
        )
    axes.set_xlim(0, 100)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    _percent_axis(axes, range(0, 101, 20))
    axes.text(101.5, -0.62, "Hài lòng\ntrở lên", va="bottom", fontproperties=_font(7.5))
    figure.legend(
        loc="upper left", ncols=len(levels), frameon=False, prop=_font(8), handlelength=1.6, columnspacing=1.2
    )
    return _png(figure)


def units_drawn(month: Month, most_rows: int = MOST_ROWS) -> list[str]:
    """Return the units that a picture has room for: those with most answers, in the tables' order."""
    answered = {unit: month.pool(unit).overall.whole for unit in month.reporting}
    most = sorted((unit for unit in answered if answered[unit]), key=lambda unit: -answered[unit])
    drawn = set(most[:most_rows])
    return [unit for unit in month.reporting if unit in drawn]


def left_out(month: Month, most_rows: int = MOST_ROWS) -> str:
    """Return what the caption of the picture of units says of those it does not show."""
    drawn = len(units_drawn(month, most_rows))
    answered = sum(bool(month.pool(unit).overall.whole) for unit in month.reporting)
    return f"; {drawn}/{answered} đơn vị có nhiều phiếu nhất" if drawn < answered else ""


def units_chart(month: Month) -> bytes:
    """Return a picture of the satisfied share per unit with its interval; hollow: sample too small."""
    points = [
        Point(month.names.get(unit, unit), month.pool(unit).overall, bool(month.sufficient(unit)))
        for unit in units_drawn(month)
    ]
    whole = month.pool().overall
    return _points([*points, Point(f"{month.whole} (nét đứt)", whole)], whole)


def questions_chart(month: Month) -> bytes:
    """Return a picture of the satisfied share per question with its interval."""
    pool = month.pool()
    asked = [(criterion, share_of(pool, criterion)) for criterion in criteria(month)]
    return _points(
        [Point(f"{criterion.key}. {criterion.label}", share) for criterion, share in asked if share.whole]
    )


def trend_chart(month: Month) -> bytes:
    """Return a picture of the overall share over the months, each with its interval; hollow: not closed.

    A month of which there is nothing leaves its place empty: the line does not pass over it.
    """
    shown = [(one.period, one.overall, one.closed) for one in month.past]
    shown.append((month.period, month.pool().overall, bool(month.root)))
    places = [_months_between(shown[0][0], period) for period, _, _ in shown]
    spans = [_span(share) for _, share, _ in shown]
    low = max(0, 10 * (int(min(start for start, _ in spans)) // 10))
    figure, axes = _figure(TREND_MM)
    axes.set_position((0.08, 0.2, 0.9, 0.7))
    shares = [100 * share.part / share.whole for _, share, _ in shown]
    for (before, last), (here, now) in pairwise(zip(places, shares, strict=True)):
        if here - before == 1:
            axes.plot((before, here), (last, now), color=INK, linewidth=0.8)
    for place, span, share, (period, whole, closed) in zip(places, spans, shares, shown, strict=True):
        axes.plot((place, place), span, color=INK, linewidth=1.0, solid_capstyle="butt")
        for end in span:
            axes.plot((place - 0.07, place + 0.07), (end, end), color=INK, linewidth=1.0)
        fill = INK if closed else "white"
        axes.plot(place, share, "o", markersize=5, markerfacecolor=fill, markeredgecolor=INK)
        axes.annotate(
            rate(whole),
            (place, span[1]),
            (0, 3),
            textcoords="offset points",
            ha="center",
            fontproperties=_font(8, "bold"),
        )
        name = f"{period.first_day:%m/%Y}" if period.name[-1].isdigit() else "thí điểm"
        axes.annotate(
            f"{name}\nN = {vietnamese(whole.whole)}",
            (place, 0),
            (0, -5),
            textcoords="offset points",
            xycoords=axes.get_xaxis_transform(),
            ha="center",
            va="top",
            fontproperties=_font(7.5),
        )
    axes.set_xlim(places[0] - 0.6, max(places[-1], places[0] + 3) + 0.6)
    axes.set_ylim(low, 100 + (100 - low) * 0.08)
    axes.set_xticks([])
    ticks = range(low, 101, 10 if low < 70 else 5)
    axes.set_yticks(list(ticks), [f"{tick}%" for tick in ticks], fontproperties=_font(7.5))
    axes.yaxis.grid(visible=True, color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)
    return _png(figure)


def _months_between(first: Period, last: Period) -> int:
    """Return how many periods lie between two; the pilot is one of its own."""
    months = 0
    while first != last:
        first, months = first.following, months + 1
    return months


def _points(points: Sequence[Point], mark: Share | None = None) -> bytes:
    """Draw one row per point; `mark` is a share to compare with, as a dashed line."""
    spans = [_span(point.share) for point in points]
    low = max(0, 10 * (int(min(start for start, _ in spans)) // 10))
    labels = [_wrapped(point.label, 52) for point in points]
    heights = [ROW_MM + 3.2 * label.count("\n") for label in labels]
    height_mm = 9 + sum(heights)
    figure, axes = _figure(height_mm)
    axes.set_position((0.43, 7 / height_mm, 0.37, (height_mm - 8) / height_mm))
    middle = 0.0
    for point, span, label, tall in zip(points, spans, labels, heights, strict=True):
        middle += tall / 2
        share = 100 * point.share.part / point.share.whole
        axes.plot(span, (middle, middle), color=INK, linewidth=1.0, clip_on=False)
        fill = INK if point.firm else "white"
        axes.plot(share, middle, "o", markersize=5, markerfacecolor=fill, markeredgecolor=INK, clip_on=False)
        _beside(axes, -0.43 / 0.37, middle, label)
        _beside(axes, 1.04, middle, str(point.share))
        middle += tall / 2
    if mark is not None:
        axes.axvline(100 * mark.part / mark.whole, color=INK, linewidth=0.7, linestyle=(0, (4, 3)), zorder=0)
    axes.set_xlim(low, 100)
    axes.set_ylim(middle, 0)
    axes.set_yticks([])
    _percent_axis(axes, range(low, 101, 10 if low < 70 else 5))
    return _png(figure)


def _span(share: Share) -> tuple[float, float]:
    low, high = share.interval() or (Decimal(0), Decimal(100))
    return float(low), float(high)


def _beside(axes: Axes, x: float, y: float, text: str) -> None:
    """Write text at a height of the data, `x` in widths of the axes."""
    place = axes.get_yaxis_transform()
    axes.text(x, y, text, transform=place, va="center", color=INK, fontproperties=_font(8))


def _percent_axis(axes: Axes, ticks: range) -> None:
    axes.set_xticks(list(ticks), [f"{tick}%" for tick in ticks], fontproperties=_font(7.5))
    axes.xaxis.grid(visible=True, color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)


def _wrapped(text: str, width: int = 26) -> str:
    """Break text into lines of about the same length, none much longer than `width`."""
    lines = -(-len(text) // width)
    return "\n".join(textwrap.wrap(text, max(len(text) // lines + 5, 10), break_long_words=False))
