"""Many machines: pages go out to a Dask cluster, small results come back, in the order of the pages.

The machine that asks keeps the files and the only database; workers know neither. They
come and go: what one had when it was lost is read by another, a page that ends whoever
touches it is rejected as ``crashed``. Dask is an optional extra, and whoever
can speak to its parts can run code on them: away from loopback they speak TLS only, with
certificates on both sides.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import cv2
import dask
from distributed import Client, Future, KilledWorker, Nanny, Scheduler, Security, WorkerPlugin
from distributed.comm.core import CommClosedError

from omr.errors import OmrError, is_of_the_machine, outside
from omr.reading.crew import read_pages, without_pixels
from omr.reading.limits import timed
from omr.reading.reader import Desk, Result, read_page
from omr.reading.scan.pages import EncodedPage
from omr.surroundings import SAFE_PATH

# What a page costs besides reading it, asking process and scheduler together: 8.8 ms of CPU time
# alone in its chunk, 4.4 ms among 8 (`python bench cluster overhead`); a lost worker costs no more
# than a second of work.
CHUNK: Final = 8
CHUNK_BYTES: Final = 4 * 2**20  # Dask warns from 10 MB; a colour page of A4 has 1 MB
CHUNKS_A_WORKER: Final = 3  # on their way: one is read, one is there, one travels
COUNT_EVERY: Final = 16  # chunks: how often to ask how many workers there are
ALLOWED_FAILURES: Final = 1  # of a chunk; lost with a second worker, it is read on this machine
CONNECT_SECONDS: Final = 10  # a slow machine wants more: DASK_OMR__CONNECT_SECONDS, as Dask takes settings
WORKER_SECONDS: Final = 60  # to wait for a first worker


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files of this part of the cluster: who signs certificates, its own, and the key to it."""

    ca: Path
    cert: Path
    key: Path

    def security(self) -> Security:
        """Return what Dask wants: encrypted or not at all, and nobody without a certificate."""
        for file in (self.ca, self.cert, self.key):
            if not file.is_file():
                raise OmrError("cluster.no_pem", file=file)
        own: dict[str, str] = {}
        for role in ("client", "scheduler", "worker"):
            own |= {f"tls_{role}_cert": str(self.cert), f"tls_{role}_key": str(self.key)}
        return Security(tls_ca_file=str(self.ca), require_encryption=True, **own)


def checked(address: str, tls: Tls | None) -> str:
    """Return the address of a scheduler with its protocol; ``host:port`` gets the right one.

    Raises
    ------
    OmrError
        If it is no address, or leads away from this machine without TLS.

    Examples
    --------
    >>> checked("127.0.0.1:8786", None)
    'tcp://127.0.0.1:8786'
    """
    protocol = "tls" if tls else "tcp"
    parts = urlsplit(address if "://" in address else f"{protocol}://{address}")
    try:
        complete = bool(parts.hostname and parts.port)
    except ValueError:
        complete = False
    if not complete or parts.scheme not in ("tcp", "tls"):
        raise OmrError("cluster.bad_address", address=address)
    _refuse_open(str(parts.hostname), tls)
    if parts.scheme != protocol:
        raise OmrError("cluster.tls_address" if tls else "cluster.tls_needed", address=address)
    return parts.geturl()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and nobody else can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_open(host: str, tls: Tls | None) -> None:
    if tls is None and not is_loopback(host):
        raise OmrError("cluster.tls_needed", address=host)


# --- the parts -----------------------------------------------------------------------------------


def run_scheduler(host: str, port: int, tls: Tls | None, ready: Callable[[str], None]) -> None:
    """Be the cluster's scheduler until the process ends; `ready` is told the address.

    Raises
    ------
    OmrError
        If others could reach it without TLS, or the port is taken.
    """
    _refuse_open(host, tls)

    async def run() -> None:
        _end_on_sigterm()
        scheduler = Scheduler(
            host=host,
            port=port,
            protocol="tls" if tls else "tcp",
            security=tls.security() if tls else None,
            allowed_failures=ALLOWED_FAILURES,
            dashboard=False,
            dashboard_address="127.0.0.1:0",
        )
        async with scheduler:
            ready(str(scheduler.address))
            await scheduler.finished()

    with _part_of(f"{host}:{port}", _patience()):
        asyncio.run(run())


def run_workers(address: str, processes: int, tls: Tls | None, ready: Callable[[str], None]) -> None:
    """Be workers until the process ends or the scheduler is gone for long.

    Each is a process of its own, started again whenever it dies.

    Raises
    ------
    OmrError
        If the scheduler is away without TLS, or cannot be reached.
    """
    address = checked(address, tls)
    host = urlsplit(address).hostname

    async def run() -> None:
        _end_on_sigterm()
        nannies = [
            Nanny(
                address,
                nthreads=1,
                security=tls.security() if tls else None,
                protocol="tls" if tls else "tcp",
                host=host if is_loopback(str(host)) else None,
                death_timeout=max(WORKER_SECONDS, _patience()),
                dashboard=False,
                dashboard_address="127.0.0.1:0",
                preload=[__name__],  # so that its first pages do not wait for OpenCV
            )
            for _ in range(processes)
        ]
        try:
            await asyncio.gather(*nannies)
            ready(address)
            await asyncio.gather(*(nanny.finished() for nanny in nannies))
        finally:
            await asyncio.gather(*(nanny.close() for nanny in nannies), return_exceptions=True)

    with _part_of(address, _patience()):
        asyncio.run(run())


def _end_on_sigterm() -> None:
    """Let the task that runs now end as Ctrl-C would end it: a service manager says SIGTERM."""
    task = asyncio.current_task()
    assert task is not None
    with suppress(NotImplementedError):  # Windows has none
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def _patience() -> float:
    """Return for how many seconds a part tries to reach the scheduler at first."""
    return float(dask.config.get("omr.connect-seconds", CONNECT_SECONDS))


@contextmanager
def _part_of(address: str, connect_seconds: float) -> Iterator[None]:
    """Set what Dask takes from its configuration, and say what could not be reached in one line."""
    settings = {
        # No pages of its own: they would show the cluster to whoever asks.
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        "distributed.comm.timeouts.connect": connect_seconds,
        "distributed.nanny.pre-spawn-environ.DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical",
        f"distributed.nanny.pre-spawn-environ.{SAFE_PATH}": "1",
    }
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with dask.config.set(settings):
        try:
            yield
        except asyncio.CancelledError:
            return
        except (TimeoutError, OSError, CommClosedError) as error:
            if isinstance(error, OSError) and is_of_the_machine(error):
                raise outside(error, address) from error
            raise OmrError("cluster.unreachable", address=address) from error


# --- reading -------------------------------------------------------------------------------------

_DESKS: Final[dict[str, Desk]] = {}  # in a worker: of each run that is under way


class _DeskPlugin(WorkerPlugin):
    """Gives a worker the desk of one run, also one that comes later."""

    def __init__(self, name: str, desk: Desk) -> None:
        self.name = name
        self.desk = desk

    def setup(self, worker: Any) -> None:
        cv2.setNumThreads(1)  # the workers are the threads
        _DESKS[self.name] = self.desk

    def teardown(self, worker: Any) -> None:
        _DESKS.pop(self.name, None)


def _read_chunk(run: str, pages: list[EncodedPage]) -> list[Result]:
    """Read pages in a worker."""
    desk = _DESKS[run]
    results: list[Result] = []
    for page in pages:
        # What never ends, ends the process: the scheduler takes that for a lost worker.
        with timed(desk.limits):
            results.append(without_pixels(read_page(page, desk)))
    return results


def read_on_cluster(
    pages: Iterable[EncodedPage], desk: Desk, address: str, tls: Tls | None = None
) -> Iterator[Result]:
    """Read pages on a cluster, in order.

    Parameters
    ----------
    pages : iterable of EncodedPage
        Taken as workers have room for them.
    desk : Desk
        Sent once to every worker, with the secret keys of the print runs.
    address : str
        Of the scheduler: ``tcp://127.0.0.1:8786``, ``tls://reader-1:8786``.
    tls : Tls, optional
        Needed away from loopback.

    Yields
    ------
    ReadPage, BlankBack or RejectedPage
        One for each page.

    Raises
    ------
    OmrError
        If the scheduler cannot be reached, goes away, or has no workers. What was
        yielded before is sound.
    """
    address = checked(address, tls)
    security = tls.security() if tls else None
    with _part_of(address, CONNECT_SECONDS):  # also how long to look for a scheduler that went away
        client = _client(address, security)
        try:
            try:
                client.wait_for_workers(1, timeout=WORKER_SECONDS)
            except TimeoutError as error:
                raise OmrError("cluster.no_workers", address=address) from error
            yield from _Run(client, address, desk).results(pages)
        finally:
            with suppress(Exception):  # a scheduler that is gone cannot be told
                client.close(timeout=2)


def _client(address: str, security: Security | None) -> Client:
    """Connect, in several tries: what a client may wait for at first it would also wait for later."""
    for _ in range(int(_patience() // CONNECT_SECONDS) - 1):
        with suppress(TimeoutError, OSError):
            return Client(address, security=security, set_as_default=False, timeout=CONNECT_SECONDS)
    return Client(address, security=security, set_as_default=False, timeout=CONNECT_SECONDS)


class _Run:
    """The pages of one reading on their way through a cluster."""

    def __init__(self, client: Client, address: str, desk: Desk) -> None:
        self._client = client
        self._address = address
        self._desk = desk
        self._name = f"omr-{uuid4().hex}"
        self._plugin = _DeskPlugin(self._name, desk)

    def results(self, pages: Iterable[EncodedPage]) -> Iterator[Result]:
        """Yield the results in order; the desk is taken from the workers at the end."""
        under_way: deque[tuple[Future[list[Result]], list[EncodedPage]]] = deque()
        self._client.register_plugin(self._plugin, name=self._name)
        room = 0
        try:
            for number, chunk in enumerate(_chunks(pages)):
                if number % COUNT_EVERY == 0:
                    room = CHUNKS_A_WORKER * max(1, sum(self._client.nthreads().values()))
                while len(under_way) >= room:
                    yield from self._finished(*under_way.popleft())
                under_way.append((self._sent(chunk), chunk))
            while under_way:
                yield from self._finished(*under_way.popleft())
        finally:
            with suppress(Exception):  # a scheduler that is gone cannot be told
                self._client.cancel([future for future, _ in under_way])
                self._client.unregister_worker_plugin(self._name)

    def _sent(self, chunk: list[EncodedPage]) -> Future[list[Result]]:
        return self._client.submit(_read_chunk, self._name, chunk, pure=False)

    def _finished(self, future: Future[list[Result]], chunk: list[EncodedPage]) -> Iterator[Result]:
        """Yield a chunk's results."""
        try:
            yield from future.result()
        except KilledWorker:
            # One of its pages ends processes, or it was near one that does. Who, is found out here:
            # each page that ends a process is tried in another of its own, and then rejected.
            yield from read_pages(chunk, self._desk, workers=2)
        except CancelledError as error:
            raise OmrError("cluster.lost", address=self._address) from error


def _chunks(pages: Iterable[EncodedPage]) -> Iterator[list[EncodedPage]]:
    """Yield pages in chunks, none larger than the network likes unless a page is."""
    chunk: list[EncodedPage] = []
    size = 0
    for page in pages:
        if chunk and (len(chunk) == CHUNK or size + len(page.data) > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(page)
        size += len(page.data)
    if chunk:
        yield chunk
