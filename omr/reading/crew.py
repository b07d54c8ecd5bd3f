"""Many pages: in this process, or in worker processes that may die without the batch dying.

Each worker has its own pipe, so that it is known which page it had when it was killed:
that page is tried once more in a fresh process, alone, and then rejected as ``crashed``.
Results come in the order of the pages, and only so many pages are on their way at once.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Final, cast

import cv2
import numpy as np

from omr.errors import OmrError, ScanError, outside
from omr.reading.limits import confine, context, ran_out, start, timed
from omr.reading.reader import Desk, ReadPage, RejectedPage, Result, read_page
from omr.reading.scan.pages import EncodedPage

CHUNK: Final = 4  # pages sent at once
IN_HAND: Final = 8  # pages a worker has, so that it never waits for the next
WINDOW: Final = 32  # pages a worker that are on their way; what a slow page can hold back
FEW_PAGES: Final = 8  # a second worker is not worth its start for fewer

Numbered = tuple[int, EncodedPage]


def read_pages(
    pages: Iterable[EncodedPage], desk: Desk, workers: int | None = None, overlay: Path | None = None
) -> Iterator[Result]:
    """Read pages, in order.

    Parameters
    ----------
    pages : iterable of EncodedPage
    desk : Desk
    workers : int, optional
        Processes that read, under the desk's limits; 0 reads in this one, without any: for pages
        of our own. Without it one for each core that this process may use, and one for a few pages.
    overlay : Path, optional
        A folder for annotated pictures of the pages.

    Yields
    ------
    ReadPage, BlankBack or RejectedPage
        One for each page; without the page's pixels, which are with the original.

    Raises
    ------
    MissingToolError
        If a page needs a tool that is absent.
    """
    pages = iter(pages)
    if workers is None:
        first = list(islice(pages, FEW_PAGES + 1))
        pages = chain(first, pages)
        workers = cores() if len(first) > FEW_PAGES else 1
    if workers == 0:
        return (_read(page, desk, overlay) for page in pages)
    return _Crew(desk, workers, overlay).run(pages)


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read(page: EncodedPage, desk: Desk, overlay: Path | None) -> Result:
    try:
        result = read_page(page, desk)
    except OmrError:
        raise
    except MemoryError:
        result = RejectedPage(page.file, page.page, "too_much_memory", {})
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:  # the machine's; damage has no number
            raise outside(error, page.file) from error
        # Ours, not the page's; it costs this page and is written down, the batch goes on.
        logging.getLogger(__name__).exception("page %s", page.page)  # a journal keeps it: no file's name
        result = RejectedPage(page.file, page.page, "crashed", {})
    if overlay is not None:
        from omr.reading.overlay import write_overlay  # typefaces, which nothing else here needs

        try:
            write_overlay(page, result, overlay)
        except OSError as error:
            raise outside(error, overlay) from error
    return without_pixels(result)


def without_pixels(result: Result) -> Result:
    """Drop what is large: results wait in queues and travel between processes."""
    if not isinstance(result, ReadPage):
        return result
    aligned = result.page.aligned
    scan = replace(aligned.located.scan, grey=np.empty((0, 0), np.uint8), encoded=None)
    located = replace(aligned.located, scan=scan)
    return replace(result, page=replace(result.page, aligned=replace(aligned, located=located)))


def _work(pipe: Connection, overlay: Path | None) -> None:
    """Read what comes through the pipe until it closes; a page that never ends ends the process."""
    cv2.setNumThreads(1)  # the workers are the threads
    with suppress(KeyboardInterrupt, EOFError, OSError):
        desk: Desk = pipe.recv()
        confine(desk.limits)
        while True:
            for number, page in pipe.recv():
                result: Result | OmrError
                try:
                    with timed(desk.limits):
                        result = _read(page, desk, overlay)
                except OmrError as error:  # no page's fault: a tool is absent
                    result = error
                pipe.send((number, result))


class _Worker:
    """A process that reads; what it is sent waits here, because starting takes as long as many pages."""

    def __init__(self, process: BaseProcess, pipe: Connection, desk: Desk) -> None:
        self.process = process
        self.pipe = pipe
        self.held: deque[Numbered] = deque()  # in the order in which it reads them
        self._messages: SimpleQueue[Desk | list[Numbered] | None] = SimpleQueue()
        self._messages.put(desk)
        self._sender = Thread(target=self._send, daemon=True)
        self._sender.start()

    def give(self, chunk: list[Numbered]) -> None:
        self.held += chunk
        self._messages.put(chunk)

    def _send(self) -> None:
        with suppress(OSError):  # it is dead; whoever waits for it will see
            while (message := self._messages.get()) is not None:
                self.pipe.send(message)

    def take(self) -> tuple[int, Result] | None:
        """Return what it has read; None when it is dead."""
        result: Result | OmrError
        try:
            number, result = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            return None
        if isinstance(result, OmrError):
            raise result
        self.held.popleft()
        return number, result

    def ran_out(self) -> bool:
        """Return whether it died because the time of its page was over."""
        self.process.join()
        return ran_out(self.process.exitcode)

    def dismiss(self) -> None:
        self.process.kill()
        self.process.join()
        self._messages.put(None)
        self._sender.join()
        self.pipe.close()


class _Crew:
    """Worker processes and the pages on their way through them."""

    def __init__(self, desk: Desk, size: int, overlay: Path | None) -> None:
        self._desk = desk
        self._size = size
        self._overlay = overlay
        self._workers: list[_Worker] = []
        self._done: dict[int, Result] = {}
        self._again: deque[Numbered] = deque()  # given back by workers that died

    def run(self, pages: Iterator[EncodedPage]) -> Iterator[Result]:
        """Read all pages; the workers end with it, however it ends."""
        numbered = enumerate(pages)
        following = 0
        try:
            while True:
                while following in self._done:
                    yield self._done.pop(following)
                    following += 1
                self._give_work(numbered)
                if not any(worker.held for worker in self._workers):
                    return
                self._collect()
        finally:
            for worker in self._workers:
                worker.dismiss()

    def _give_work(self, numbered: Iterator[Numbered]) -> None:
        """Fill every worker's hands, and hire until the crew is complete."""
        while True:
            worker = min(self._workers, key=lambda one: len(one.held), default=None)
            if worker is None or (worker.held and len(self._workers) < self._size):
                worker = None
            elif len(worker.held) > IN_HAND - CHUNK:
                return
            under_way = len(self._done) + sum(len(one.held) for one in self._workers)
            if self._again:
                chunk = [self._again.popleft()]
            elif under_way < WINDOW * self._size:
                chunk = list(islice(numbered, CHUNK))
            else:
                return
            if not chunk:
                return
            if worker is None:
                worker = self._hired()
                self._workers.append(worker)
            worker.give(chunk)

    def _hired(self) -> _Worker:
        how = context()
        ours, theirs = how.Pipe()
        process = how.Process(target=_work, args=(theirs, self._overlay), daemon=True)
        start(process)
        theirs.close()
        return _Worker(process, ours, self._desk)

    def _collect(self) -> None:
        """Take what has been read; replace who has died."""
        held_by = {worker.pipe: worker for worker in self._workers if worker.held}
        for pipe in wait(list(held_by)):
            worker = held_by[cast(Connection, pipe)]
            taken = worker.take()
            if taken is None:
                self._bury(worker)
            else:
                self._done[taken[0]] = taken[1]

    def _bury(self, worker: _Worker) -> None:
        """Give back what a worker had; unless its time was over, try the page that it was at once more."""
        self._workers.remove(worker)
        over = worker.ran_out()
        worker.dismiss()
        number, page = worker.held.popleft()
        self._again += worker.held
        self._done[number] = self._too_long(page) if over else self._alone(page)

    def _too_long(self, page: EncodedPage) -> RejectedPage:
        fault = ScanError("too_long", seconds=self._desk.limits.seconds)
        return RejectedPage(page.file, page.page, fault.reason, fault.values)

    def _alone(self, page: EncodedPage) -> Result:
        """Read one page in a process of its own; what kills that too is rejected."""
        worker = self._hired()
        try:
            worker.give([(0, page)])
            taken = worker.take()
            if taken is None and worker.ran_out():
                return self._too_long(page)
        finally:
            worker.dismiss()
        return taken[1] if taken else RejectedPage(page.file, page.page, "crashed", {})
