"""One server process: opens the socket, makes the first administrator, serves until told to stop."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import uvicorn

from omr.errors import OmrError
from omr.messages import say
from omr.web.app import LOOPBACK, create_app
from omr.web.front import FrontOffice
from omr.workspace import Workspace

_BACKLOG: Final = 256


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of a certificate."""

    certificate: Path
    key: Path


def run(workspace: Workspace, host: str, port: int, tls: Tls | None, say_to: Callable[[str], None]) -> None:
    """Serve a workspace until interrupted.

    Parameters
    ----------
    port : int
        0 takes a free one; the address is told through `say_to`.
    say_to : callable
        Gets the lines for the person at the terminal, the one-time password among them.

    Raises
    ------
    OmrError
        If the port cannot be opened.
    """
    listener = _listen(host, port)
    cv2.setNumThreads(1)  # the requests are the threads
    office = FrontOffice.open(workspace)
    password = office.first_admin()
    if password is not None:
        say_to(say("web.first_admin", password=password))
    app = create_app(office, secure=tls is not None, hosts=LOOPBACK if host in LOOPBACK else ("*",))
    config = uvicorn.Config(
        app,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
        log_level=logging.WARNING,
        access_log=False,  # paths hold serials; what was done is in the record of acts
        server_header=False,
        proxy_headers=False,  # nobody in front may name the visitor's address
        h11_max_incomplete_event_size=32 * 1024,
        timeout_graceful_shutdown=3,
    )
    name = f"[{host}]" if ":" in host else host
    url = f"{'https' if tls else 'http'}://{name}:{listener.getsockname()[1]}/"
    say_to(say("web.serving", url=url))
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise OmrError("web.port_taken", host=host, port=port, detail=error.strerror) from error
    return listener
