"""What decoders write on standard error, where they tell nobody else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile


@contextmanager
def heard() -> Iterator[list[str]]:
    """Give what decoders write on standard error meanwhile: libtiff tells nobody else that data are damaged.

    Pictures are decoded by processes that do nothing else; what another thread says is heard, too.
    It goes through a pipe, which needs no disk that may be full; what no longer fits into it is lost.
    """
    said = [""]
    sys.stderr.flush()
    mouth = os.dup(2)
    try:
        with _ear() as (lips, heard_so_far):
            try:
                os.dup2(lips, 2)
                yield said
            finally:
                os.dup2(mouth, 2)
                said[0] = heard_so_far().decode("ascii", "replace")
    finally:
        os.close(mouth)


@contextmanager
def _ear() -> Iterator[tuple[int, Callable[[], bytes]]]:
    """Give where to write what is to be heard, and how to hear it at the end: writing never waits."""
    if not hasattr(os, "set_blocking"):  # Windows before Python 3.12, where a full pipe would be waited for
        with TemporaryFile() as file:

            def read() -> bytes:
                file.seek(0)
                return file.read()

            yield file.fileno(), read
        return
    ear, lips = os.pipe()
    with os.fdopen(ear, "rb") as heard_so_far, ExitStack() as open_end:
        open_end.callback(os.close, lips)
        os.set_blocking(lips, False)

        def read_all() -> bytes:
            open_end.close()  # else there is no end
            return heard_so_far.read()

        yield lips, read_all
