"""How the house stands, for the front page and for a monitor: disk, backup, stacks, reading."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Final

from starlette.responses import JSONResponse, Response

from omr.errors import OmrError, StoreError
from omr.records.inbox.inbox import Inbox
from omr.records.inbox.outlook import LATE_S, outlook
from omr.records.safekeeping.health import CLOCK_SLACK, LEAST_FREE_BYTES, clock_behind_s
from omr.records.store.store import Store
from omr.web.frame.front import FrontOffice
from omr.web.frame.visit import Visit
from omr.web.network.tls import WARNS

# A night that was left out is no alarm; two are.
OLDEST_BACKUP_S: Final = 2.5 * 24 * 3600


@dataclass(frozen=True, slots=True)
class State:
    """What somebody should know before it hurts."""

    register: str  # "ok", or the key of what is wrong with it
    disk_free_bytes: int
    backup_age_s: float | None  # None: there is none
    backup_problem: str  # a sentence, "" when the last one went well or none is asked for
    backups_wanted: bool  # whether somebody said where they go
    unread_files: int  # in stacks that were sent and are not read
    unread_age_s: float  # of the oldest of them, and of what lies in watched folders; 0: nothing is unread
    failed_stacks: int  # that wait for a person
    dead_workers: tuple[str, ...]  # of "reading", "backups" and "folders": what should run and does not
    trouble: str  # key of what keeps all stacks from being read, "" when nothing does
    certificate_ends: str | None  # UTC; None: the desks are open to this machine alone
    certificate_days: float | None  # until then; below 0: browsers refuse the desks
    clock_behind_s: float  # how far the clock was set back behind what the register knows

    @property
    def disk_is_low(self) -> bool:
        """Whether the next month may not fit."""
        return self.disk_free_bytes < LEAST_FREE_BYTES

    @property
    def reading_is_late(self) -> bool:
        """Whether something has been unread for so long that somebody should look."""
        return bool(self.failed_stacks) or self.unread_age_s > LATE_S

    @property
    def backup_is_old(self) -> bool:
        """Whether more than two nights would be lost; also when nobody said where backups go."""
        return self.backup_age_s is None or self.backup_age_s > OLDEST_BACKUP_S

    @property
    def certificate_ends_soon(self) -> bool:
        """Whether somebody has to see to the certificate now."""
        days = self.certificate_days
        return days is not None and days < WARNS / timedelta(days=1)

    @property
    def certificate_has_ended(self) -> bool:
        """Whether browsers refuse the desks already."""
        return self.certificate_days is not None and self.certificate_days < 0

    @property
    def clock_is_wrong(self) -> bool:
        """Whether days on receipts and in the register cannot be believed."""
        return self.clock_behind_s > CLOCK_SLACK.total_seconds()

    @property
    def ok(self) -> bool:
        """Whether the work can go on; an old backup is a worry, not a fault of the server."""
        bad = self.dead_workers or self.trouble or self.disk_is_low
        bad = bad or self.certificate_has_ended or self.clock_is_wrong
        return self.register == "ok" and not bad


def state_of(office: FrontOffice) -> State:
    """Return how the house stands now; never raises for what is broken, which it is there to say."""
    workspace = office.workspace
    inbox = Inbox(workspace)
    seen = outlook(inbox)
    backup = office.backups.last()
    ends, now = office.certificate_ends, datetime.now(UTC)
    threads: dict[str, Thread] = {"reading": office.worker}
    if office.backups.target is not None:
        threads["backups"] = office.backups
    if workspace.settings.watch:
        threads["folders"] = office.folders
    register, behind_s = _register(office)
    return State(
        register=register,
        disk_free_bytes=shutil.disk_usage(workspace.path).free,
        backup_age_s=None if backup is None else max(0.0, backup.age_s),
        backup_problem=office.backups.problem,
        backups_wanted=office.backups.target is not None,
        unread_files=sum(len(inbox.files(one)) for one in (*seen.waiting, *seen.reading, *seen.failed)),
        unread_age_s=seen.age_s(now),
        failed_stacks=len(seen.failed),
        trouble="" if office.worker.trouble is None else office.worker.trouble.error.key,
        dead_workers=tuple(name for name, thread in threads.items() if not thread.is_alive()),
        certificate_ends=None if ends is None else ends.isoformat(),
        certificate_days=None if ends is None else (ends - now) / timedelta(days=1),
        clock_behind_s=behind_s,
    )


def _register(office: FrontOffice) -> tuple[str, float]:
    try:
        with Store.open(office.workspace.database) as store:
            return "ok", clock_behind_s(store, datetime.now(UTC))
    except StoreError as error:
        return error.key, 0.0


def health(visit: Visit) -> Response:
    """Tell a monitor; numbers and words of our own, nothing about people or slips."""
    try:
        state = state_of(visit.office)
    except (OSError, OmrError) as error:
        return JSONResponse({"ok": False, "error": type(error).__name__}, status_code=503)
    told = {key: value for key, value in asdict(state).items() if key != "backup_problem"}
    told |= {"ok": state.ok, "backup_failed": bool(state.backup_problem)}
    return JSONResponse(told, status_code=200 if state.ok else 503)
