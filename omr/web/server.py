"""One server process: opens the socket, makes the first administrator, serves until told to stop."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import cv2

from omr import log
from omr.clock import OFFICE
from omr.errors import OmrError
from omr.files import write_whole
from omr.messages import say
from omr.records.inbox.leftovers import remove_leftovers
from omr.records.safekeeping.rights import close_to_others
from omr.text import day
from omr.web.app import LOOPBACK, create_app
from omr.web.frame.front import FrontOffice
from omr.web.network.patience import LIMITS, Limits, Server, server_of
from omr.web.network.tls import Tls
from omr.workspace import Workspace

_BACKLOG: Final = 256


def run(
    workspace: Workspace,
    host: str,
    port: int,
    tls: Tls | None,
    say_to: Callable[[str], None],
    backups_in: Path | None = None,
) -> None:
    """Serve a workspace until interrupted.

    Parameters
    ----------
    port : int
        0 takes a free one; the address is told through `say_to`.
    say_to : callable
        Gets the lines for the person at the terminal.
    backups_in : Path, optional
        Where the system's own timer backs up: the desks tell how old its last backup is.

    Raises
    ------
    OmrError
        If the port cannot be opened, or the certificate or its key is none.
    """
    ends = tls.ends() if tls is not None else None
    if ends is not None and ends < datetime.now(UTC):
        say_to(say("web.tls_expired", at=day(ends.astimezone(OFFICE))))
    listener = _listen(host, port)
    cv2.setNumThreads(1)  # the requests are the threads
    remove_leftovers(workspace)
    close_to_others(workspace.path)
    office = FrontOffice.open(workspace)
    Tls.note_served(workspace.path, tls)
    office.certificate_ends = ends
    office.backups.elsewhere = backups_in
    password = office.first_admin()
    if password is not None:
        say_to(hand_over(workspace.path, "admin", password, terminal=sys.stderr.isatty()))
    name = f"[{host}]" if ":" in host else host
    url = f"{'https' if tls else 'http'}://{name}:{listener.getsockname()[1]}/"
    say_to(say("web.serving", url=url))
    log.event("serving", port=listener.getsockname()[1], tls=tls is not None)
    desks(office, host, tls).run(sockets=[listener])
    log.event("stopped")


def desks(office: FrontOffice, host: str, tls: Tls | None, limits: Limits = LIMITS) -> Server:
    """Return the server of an office's desks: nothing that a visitor sends or withholds is unbounded."""
    limits = replace(limits, connections=min(limits.connections, _files_to_open(limits) // 2))
    app = create_app(office, secure=tls is not None, hosts=LOOPBACK if host in LOOPBACK else ("*",))
    return server_of(app, limits, *((tls.certificate, tls.key) if tls else ()))


def hand_over(folder: Path, name: str, password: str, *, terminal: bool) -> str:
    """Return the line that gives a one-time password to a person.

    Where nobody reads along, as in a service's journal, the password goes into a file that only the
    workspace's owner may read, and the line names the file.
    """
    if terminal:
        return say("web.one_time_shown", name=name, password=password)
    file = folder / f"one-time-password-{name}.txt"
    write_whole(file, password + "\n", mode=0o600)
    return say("web.one_time_file", name=name, file=file.absolute())


def _files_to_open(limits: Limits) -> int:
    """Return how many files and connections this process may have open, raised as far as it may."""
    wanted = 4 * limits.connections
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY:
        wanted = min(most, wanted)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return wanted


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # On Windows "reuse" would let a second server take the address from under the first.
    exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if exclusive is None else exclusive, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise OmrError("web.port_taken", host=host, port=port, detail=error.strerror) from error
    return listener
