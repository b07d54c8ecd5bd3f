"""The backup page: where copies go, how the last one was, one more now."""

from __future__ import annotations

from starlette.responses import Response

from omr.messages import say
from omr.records.inbox.outlook import age
from omr.web.frame.errands import begun
from omr.web.frame.pages import page
from omr.web.frame.visit import Visit
from omr.web.start.state import state_of
from omr.web.work.errands import Came, Tell


def desk(visit: Visit) -> Response:
    """Show how the backups stand."""
    backups = visit.office.backups
    return page(
        visit,
        "backup.html",
        target=backups.target,
        last=backups.last(),
        by_timer=backups.by_timer,
        state=state_of(visit.office),
        every_hours=visit.office.workspace.settings.backup.every_hours,
        age=age,
    )


def make(visit: Visit) -> Response:
    """Make a backup now, behind the desk; it is read back before it is called one."""
    office, by = visit.office, visit.me.name

    def act(tell: Tell) -> Came:
        made = office.backups.make()
        office.note(by, "backup_made", f"{made.event} · {made.originals}")
        said = say("keeping.made", events=made.event, originals=made.originals, copied=made.copied)
        if made.damaged:
            return Came(says=f"{said} {say('keeping.damaged', count=len(made.damaged))}", good=False)
        return Came(says=said)

    return begun(office.errands.begin(say("keeping.backup"), by, "/backup", act))
