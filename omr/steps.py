"""How far long work has come: who does it says so, and who started it may show it.

Like a log: what is said goes nowhere until somebody listens, so that nothing between the two
needs to know of either. Nothing may depend on whether anybody does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
# Gets what is done, as a key of the catalogue `steps`, and how many of how many.
Listener = Callable[[str, int, int], None]

_listener: ContextVar[Listener | None] = ContextVar("steps", default=None)


@contextmanager
def told_to(listener: Listener | None) -> Iterator[None]:
    """Let somebody listen to what this thread does meanwhile; None: nobody.

    Examples
    --------
    >>> with told_to(print):
    ...     total = sum(each("reading", [2, 3]))
    reading 0 2
    reading 1 2
    reading 2 2
    """
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


@contextmanager
def part(before: int, whole: int) -> Iterator[None]:
    """Count what is done meanwhile as a part of more: so many were done before it, of so many.

    Examples
    --------
    >>> with told_to(print), part(10, 12):
    ...     total = sum(each("printing", [2, 3]))
    printing 10 12
    printing 11 12
    printing 12 12
    """
    listener = _listener.get()
    if listener is None:
        yield
        return
    with told_to(lambda what, done, _: listener(what, before + done, whole)):
        yield


def at(what: str, done: int, whole: int) -> None:
    """Say that so many of all steps are done."""
    listener = _listener.get()
    if listener is not None:
        listener(what, done, whole)


def each(what: str, things: Iterable[T], whole: int | Callable[[], int] | None = None) -> Iterator[T]:
    """Pass things on, and say how many of them are done.

    Parameters
    ----------
    whole : int or callable, optional
        How many there are, where `things` cannot tell; a callable is asked only where somebody listens.
    """
    if _listener.get() is None:
        yield from things
        return
    if whole is None:
        things = list(things)
        whole = len(things)
    elif not isinstance(whole, int):
        whole = whole()
    at(what, 0, whole)
    for done, one in enumerate(things, start=1):
        yield one
        at(what, done, whole)
