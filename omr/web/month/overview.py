"""The overview: the month at a glance for the lead, and for the head of a unit that unit alone."""

from __future__ import annotations

import io
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup
from starlette.responses import Response

from omr.figures import Change, Nothing, Share, participation_band
from omr.messages import language, say
from omr.records.counts.tallies import Channel
from omr.records.offices.periods import Period, parse_period
from omr.records.review.progress import (
    Undecided,
    decided_by,
    periods,
    scanner_lines,
    undecided,
    waiting_counts,
)
from omr.records.store.store import Store
from omr.reports import monthly
from omr.reports.figures.breakdowns import breakdowns
from omr.reports.figures.statistics import Month, compare
from omr.text import number
from omr.web.frame.charts import band_bar, interval_bar, levels_bar
from omr.web.frame.months import month_of
from omr.web.frame.pages import NotFoundError, fragment, page
from omr.web.frame.visit import Visit
from omr.words import Role


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table of shares."""

    name: str
    about: str
    returned: int
    valid: int
    share: Share
    change: str
    chart: Markup


def desk(visit: Visit) -> Response:
    """Show one month."""
    unit, lead = visit.own_unit_only(Role.LEAD), Role.LEAD in visit.me.roles
    with visit.office.store() as store:
        known = periods(store)
        period = visit.query("period") or (known[0] if known else "")
        if not period:
            return page(visit, "overview.html", period="", known=[], unit=unit, lead=lead, figures="")
        when = parse_period(period)
        if when.name not in known:
            raise NotFoundError  # a month of which there is nothing has no figures, not figures of nothing
        figures = visit.office.kept.get(
            store,
            ("figures", when.name, unit, lead, language()),
            lambda: _figures(visit, store, when, unit, known, lead=lead),
        )
    return page(visit, "overview.html", period=when.name, known=known, unit=unit, lead=lead, figures=figures)


def _figures(
    visit: Visit, store: Store, when: Period, unit: str | None, known: list[str], *, lead: bool
) -> Markup:
    """Return all figures of a month as a part of the page; nothing in it belongs to one visitor."""
    month, before = counted_months(visit, store, when, unit, known)
    settings = visit.office.workspace.settings.report
    target = settings.target_low, settings.target_high
    text = fragment(
        "figures.html",
        unit=unit,
        lead=lead,
        period=when.name,
        whole=month.pool(),
        paper=month.pool(channel=Channel.PAPER),
        participation=month.participation(),
        band=_band(month.participation(), target),
        participation_chart=band_bar(month.participation(), *target, _said(month.participation())),
        change=_change(compare(month, before)),
        issued=sum(line.opening + line.received for line in month.stock),
        missing=[line.missing for line in month.stock],
        by_unit=[_unit_line(month, before, code) for code in month.reporting],
        by_field=[_field_line(month, before, field) for field in month.fields],
        by_question=_questions(month),
        people=breakdowns(month, settings.smallest_cell),
        smallest=settings.smallest_cell,
        told=month.told,
        waiting=waiting_counts(store, unit=unit),
        bounds=_bounds(month, undecided(store, when.name, unit=unit)),
        decided=decided_by(store, when.name) if lead else {},
        known=visit.office.accounts.known.figures() if lead else {},
        scanners=scanner_lines(store) if lead else [],
        target=target,
        counted_at=datetime.now(UTC).isoformat(),
    )
    return Markup(text)


def download(visit: Visit) -> Response:
    """Return the month's report, all files in one archive, counted now; a unit's head gets that unit's."""
    unit = visit.own_unit_only(Role.LEAD)
    office = visit.office
    with office.store() as store:
        when = month_of(visit)
        if when.name not in periods(store):
            raise NotFoundError
        packed = io.BytesIO()
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            settings = office.workspace.settings.report
            made = monthly.make_report(store, when, Path(folder), settings, monthly.Wanted(unit))
            for file in made.files:
                archive.write(file, file.name)
    name = f"bao-cao-{when.name}{f'-{unit}' if unit else ''}.zip"
    office.note(visit.me.name, "report_downloaded", name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(packed.getvalue(), media_type="application/zip", headers=headers)


def _bounds(month: Month, left: Undecided) -> tuple[Share, Share] | None:
    """Return the least and the greatest share that the month's overall figure can still become."""
    overall = month.pool().overall
    bounds = left.bounds(overall.part, overall.whole)
    return (Share(*bounds[:2]), Share(*bounds[2:])) if bounds else None


def counted_months(
    visit: Visit, store: Store, when: Period, unit: str | None, known: list[str]
) -> tuple[Month, Month | None]:
    """Return the month and the one before it, if anything was counted then."""
    kept, settings = visit.office.kept, visit.office.workspace.settings.report
    month = kept.get(
        store,
        ("month", when.name, unit),
        lambda: monthly.gather(store, when.name, unit=unit, settings=settings),
    )
    if when.preceding.name not in known:
        return month, None
    before = kept.get(
        store,
        ("before", when.name, unit),
        lambda: monthly.month_before(store, when, unit=unit, settings=settings),
    )
    return month, before


def _unit_line(month: Month, before: Month | None, code: str) -> Line:
    pool = month.pool(code)
    return Line(
        code,
        month.names.get(code, ""),
        pool.returned,
        pool.valid,
        pool.overall,
        _change(compare(month, before, unit=code)),
        interval_bar(pool.overall, _said(pool.overall)),
    )


def _field_line(month: Month, before: Month | None, field: str) -> Line:
    pool = month.pool(field=field)
    return Line(
        field,
        "",
        pool.returned,
        pool.valid,
        pool.overall,
        _change(compare(month, before, field=field)),
        interval_bar(pool.overall, _said(pool.overall)),
    )


def _questions(month: Month) -> list[tuple[str, str, Share, Markup, list[str]]]:
    """Return form and key as in "DL-01/B4", text, satisfied share, and a chart of the levels."""
    lines = []
    for (form, key), counts in month.pool().items.items():
        if not counts.question.core:
            continue
        levels = [(option.label, counts.codes.get(option.code, 0)) for option in counts.question.options]
        said = "; ".join(f"{label} {count}" for label, count in levels)
        names = [label for label, _ in levels]
        lines.append((f"{form}/{key}", counts.question.text, counts.share, levels_bar(levels, said), names))
    return lines


def _band(share: Share, target: tuple[int, int]) -> str:
    band = participation_band(share, *target)
    return "" if band is None else f"web.band_{band.name.lower()}"


def _change(change: Change | Nothing) -> str:
    if isinstance(change, Nothing):
        return "–" if change is Nothing.NONE else say("web.not_comparable")
    points = change.points()
    return "–" if points is None else say("web.points", points=number(points, "+.2f"))


def _said(share: Share) -> str:
    """Return what a chart shows, for who cannot see it."""
    percent, interval = share.percent(), share.interval()
    if percent is None:
        return say("web.no_figure")
    low, high = interval or (percent, percent)
    return say("web.share_said", part=share.part, whole=share.whole, percent=percent, low=low, high=high)
