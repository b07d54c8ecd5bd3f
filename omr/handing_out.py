"""A plan of issuing, carried out: every unit's forms printed and handed over, with a record to sign."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omr.files import make_folder
from omr.records.offices.units import find_unit
from omr.records.register.custody import Span
from omr.records.register.handovers import handed_over
from omr.records.register.ranges import Ranges
from omr.records.register.register import issued, printed_run
from omr.records.register.stock import receive
from omr.steps import part

if TYPE_CHECKING:
    from omr.forms.serial import Issue
    from omr.office import Office
    from omr.records.offices.periods import Period
    from omr.records.register.plan import Planned


@dataclass(frozen=True, slots=True)
class HandedOut:
    """What came of a plan of issuing."""

    runs: tuple[Issue, ...]  # printed now
    papers: tuple[Path, ...]  # to be signed


def to_print(office: Office, lines: Sequence[Planned], when: Period, folder: Path) -> list[Planned]:
    """Return the lines of a plan that are not printed yet: without a file there, or without serials."""
    there = {(run.unit, run.form) for run in issued(office.store) if run.period == when.name}
    return [
        line for line in lines if not ((folder / line.file).exists() and (line.unit, line.form.form) in there)
    ]


def hand_out(
    office: Office,
    lines: Sequence[Planned],
    when: Period,
    folder: Path,
    seen: Callable[[int, int], None] = lambda done, total: None,
) -> HandedOut:
    """Print a plan of issuing and hand it over; a plan that was interrupted is gone on with.

    Parameters
    ----------
    folder : Path
        Gets a print file for each unit and form, and for each unit the record to sign.
    seen : callable
        Gets how many slips are printed, and how many there are.
    """
    from omr.reports.document.handover import handed, write_handover  # documents load slowly

    left = set(map(id, to_print(office, lines, when, folder)))
    make_folder(folder)
    done, total = 0, sum(line.count for line in lines)
    new: list[Issue] = []
    papers: list[Path] = []
    for unit in dict.fromkeys(line.unit for line in lines):
        for line in (one for one in lines if one.unit == unit):
            seen(done, total)
            if id(line) in left:
                target = folder / line.file
                with part(done, total):
                    new.append(
                        office.issue(line.form, unit=unit, period=when.name, count=line.count, target=target)
                    )
            done += line.count
        here = {printed_run(folder / line.file) for line in lines if line.unit == unit}
        over = handed_over(office.store)
        to_give = [
            Span(run.run, run.first, run.last)
            for run in issued(office.store)
            if run.run in here and not len(over.get(run.run, Ranges()))
        ]
        if to_give:
            receive(office.store, [span.run for span in to_give], unit=unit, period=when.name, by=office.by)
            name = find_unit(office.store, unit, when).name
            settings = office.workspace.settings.report
            papers += write_handover(folder, unit, name, when, handed(office.store, to_give), settings)
    seen(total, total)
    return HandedOut(tuple(new), tuple(papers))
