"""A month decided again, with the calibration in force: from stored measurements, or measured again first.

Both are tried before they are kept. Measuring again reads every kept original once more, as one reading
process beside the desks: a month takes minutes to hours, and its page says how far it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.responses import Response

from omr.messages import month, say
from omr.records.anew.redecide import Changed, Remeasured
from omr.steps import told_to
from omr.web.frame.errands import begun
from omr.web.frame.months import month_of
from omr.web.frame.visit import Visit
from omr.web.work.errands import Came, Tell

SHOWN: Final = 20  # of a list in a sentence
PROCESSES: Final = 1  # that read: the desks have the other cores


def redecide(visit: Visit) -> Response:
    """Decide a month again; kept only when asked for."""
    when, office, by = month_of(visit), visit.office, visit.me.name
    keep, measure = bool(visit.form.get("keep")), bool(visit.form.get("measure"))

    def act(tell: Tell) -> Came:
        with told_to(lambda _, done, whole: tell(done, whole)), office.store() as store:
            hall = office.hall(store, by)
            if measure:
                again = hall.remeasure(when.name, keep=keep, workers=PROCESSES)
                return Came(says="\n".join([*_decided(again.changed, keep), *_measured(again)]))
            slips = hall.redecide(when.name, keep=keep)
            return Came(says="\n".join(_decided([one for slip in slips for one in slip.changed], keep)))

    office.note(by, "redecided" if keep else "redecide_tried", when.name)
    what = say("again.measuring" if measure else "month.redeciding", period=month(when.name))
    return begun(office.errands.begin(what, by, f"/month/{when.name}/proof", act))


def _decided(changed: Iterable[Changed], keep: bool) -> list[str]:
    """Say which answers of the machine are others."""
    told = [f"{one.serial} {one.question}" for one in changed]
    return [say("month.redecided" if keep else "month.would_redecide", count=len(told)), *told[:SHOWN]]


def _measured(again: Remeasured) -> list[str]:
    """Say what was measured, and which slips keep what was measured before."""
    told = [say("again.measured", slips=again.slips, otherwise=again.otherwise)]
    if again.kept:
        told += [say("again.left", count=len(again.kept)), *(one.serial for one in again.kept[:SHOWN])]
    return told
