"""What reading may take: a stranger's file gets so much of the computer and no more.

Every process that opens files or decodes pages puts itself under these limits; what goes
over them ends that process and costs one page.
"""

from __future__ import annotations

import errno
import faulthandler
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context, resource_tracker
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omr.reading.job import limit_memory
from omr.surroundings import nothing_from_here

if TYPE_CHECKING:  # not there on Windows
    from multiprocessing.context import ForkServerContext

_RAN_OUT: Final = 90  # exit code where no signal says it
_LOOK_EVERY_S: Final = 0.25
_NEAR: Final = 0.5  # of the memory that a process may take; what it took last, between two looks, is not seen
# How a library ends its process that does not go on without memory.
_GIVES_UP: Final = {getattr(signal, name, None) for name in ("SIGABRT", "SIGTRAP", "SIGILL", "SIGSEGV")}
_PRELOADED: Final = ("omr.reading.reader", "omr.reading.pdf.document", "omr.reading.pdf.render")


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one page."""

    seconds: float = 60.0  # of processor time; a page of A3 at 600 dpi takes three
    waiting_s: float = 600.0  # by the clock: what takes this long waits for something that never comes
    megabytes: int = 2048  # of memory beyond what the program itself has; A3 at 600 dpi takes 600


USUAL: Final = Limits()


def context() -> ForkServerContext | SpawnContext:
    """Return how processes are made: out of one that has loaded the reader and nothing else.

    A fork of this process would copy half-made threads; one of that takes milliseconds, where
    a process that begins with nothing takes as long as reading two dozen pages.
    """
    if "forkserver" not in get_all_start_methods():  # Windows
        return get_context("spawn")
    made = get_context("forkserver")
    made.set_forkserver_preload(list(_PRELOADED))
    return made


def load_ahead() -> None:
    """Let the process out of which others are made begin to load, while this one does the same."""
    if isinstance(context(), SpawnContext):
        return
    from multiprocessing.forkserver import ensure_running

    with _no_interrupt(), nothing_from_here():
        ensure_running()


def start(process: BaseProcess) -> None:
    """Start a process that Ctrl-C does not reach, and that imports nothing from the folder one stands in.

    Ctrl-C is for this one, which ends the others.

    Raises
    ------
    OSError
        Also where the process from which others are made died over it.
    """
    with _no_interrupt(), nothing_from_here():
        try:
            process.start()
        except EOFError as error:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error


@contextmanager
def _no_interrupt() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it lets Ctrl-C through again when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def confine(limits: Limits) -> None:
    """Put this process under the limit of memory."""
    try:
        import resource
    except ImportError:  # Windows
        limit_memory(limits.megabytes)
        return
    pages = (
        int(Path("/proc/self/statm").read_text("ascii").split()[0])
        if Path("/proc/self/statm").exists()
        else 0
    )
    most = pages * os.sysconf("SC_PAGE_SIZE") + limits.megabytes * 2**20
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextmanager
def timed(limits: Limits) -> Iterator[None]:
    """End this process if what runs inside takes too long."""
    faulthandler.dump_traceback_later(limits.waiting_s, exit=True)
    try:
        with _clocked(limits.seconds):
            yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextmanager
def _clocked(seconds: float) -> Iterator[None]:
    """End this process when it has used so much processor time."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        return
    # Windows has no such alarm. Decoders let other threads run; where one does not, the clock above ends it.
    over, until = threading.Event(), _used_s() + seconds

    def look() -> None:
        while not over.wait(_LOOK_EVERY_S):
            if _used_s() > until:
                os._exit(_RAN_OUT)

    threading.Thread(target=look, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def memory_of(pid: int) -> int:
    """Return how many bytes of address space a process has taken; 0 where that cannot be seen."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[0])
    except (OSError, IndexError):  # ended just now, or another system
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def ran_out_of_memory(exitcode: int | None, grown: int, limits: Limits) -> bool:
    """Return whether a process that had grown by so many bytes was ended by a library that got no more.

    PDFium and others do not come back with less memory than they ask for: they abort.
    """
    is_abort = exitcode is not None and -exitcode in _GIVES_UP
    return is_abort and grown > _NEAR * limits.megabytes * 2**20


def _used_s() -> float:
    used = os.times()
    return used.user + used.system


def ran_out(exitcode: int | None) -> bool:
    """Return whether a process ended because its time was over: trying again would take as long again."""
    return exitcode in (_RAN_OUT, -getattr(signal, "SIGPROF", -_RAN_OUT))
