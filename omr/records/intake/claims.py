"""Whose batch is it: one program at a time reads a batch, and a program that ended owns nothing.

A claim is a lock that the system takes back when its owner ends, however that happens. So a
batch that is not ended and not owned is one that an interruption left, and who comes next goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from omr.files import locked, make_folder

# A claim waits as long for who only looks (`is_owned` holds what it looks at for some microseconds; a busy
# machine may hold that up): long for a look, short for a person.
_LOOKS_S: Final = 0.5


class OwnedError(TimeoutError):
    """Somebody else owns it: told apart from any other time-out inside the block."""


class Claims:
    """The claims of one workspace.

    Parameters
    ----------
    folder : Path
        Where the locks are; it is made with the first.
    looks : float
        How many seconds a claim waits for who only looks.
    """

    def __init__(self, folder: Path, *, looks: float = _LOOKS_S) -> None:
        self._folder = folder
        self._looks = looks

    @contextmanager
    def held(self, name: str, *, told: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Own something while the block runs.

        Parameters
        ----------
        told : callable, optional
            Called once when somebody else owns it, before waiting for the end of that.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(self.at_once(name))
            except OwnedError:
                told()
                stack.enter_context(locked(self._place(name)))
            yield

    @contextmanager
    def at_once(self, name: str) -> Iterator[None]:
        """Own something while the block runs, or raise `OwnedError` if somebody else does."""
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self._place(name), seconds=self._looks))
            except TimeoutError as error:
                raise OwnedError(name) from error
            yield

    def is_owned(self, name: str) -> bool:
        """Whether a running program owns it; nobody may know better a moment later.

        Who looks holds it for that moment. So two look one after the other, else each would take the
        other for an owner; and a claim outwaits a look.
        """
        if not self._place(name).exists():
            return False
        try:
            with locked(self._folder / "looks", seconds=self._looks), locked(self._place(name), seconds=0.0):
                return False
        except TimeoutError:
            return True
        except OSError:  # what cannot be claimed at all, on a disk that is read-only, nobody owns
            return False

    def names(self, beginning: str = "") -> list[str]:
        """Return all that was ever claimed and not forgotten."""
        return [file.stem for file in self._folder.glob(f"{beginning}*.lock")]

    def forget(self, name: str) -> None:
        """Remove the lock of what nobody will claim again; one that is owned stays."""
        with suppress(OSError), self.at_once(name):
            self._place(name).unlink()

    def _place(self, name: str) -> Path:
        make_folder(self._folder)
        return self._folder / f"{name}.lock"
