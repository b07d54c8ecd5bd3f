"""What is raised on purpose: one family, each member one line for a person.

An error carries a catalogue key and the measured values, never a finished
sentence: the command line and the web say it in the user's language, the
database keeps the numbers.
"""

from __future__ import annotations

import errno
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from omr.messages import say

if TYPE_CHECKING:
    from collections.abc import Mapping


class OmrError(Exception):
    """Base of everything raised on purpose; the command line exits with 1.

    Parameters
    ----------
    key : str
        Message in the catalogues, for example ``"errors.no_such_form"``.
    **values
        What was measured and what was allowed; also kept as ``.values``.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        return say(self.key, **self.values)

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes whatever a member's own parameters are."""
        return _revived, (type(self), self.__dict__)


def _revived(kind: type[OmrError], state: dict[str, object]) -> OmrError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    return error


class TemplateError(OmrError):
    """A form's description is wrong: names file, key, value, what was expected."""


class RegisterError(OmrError):
    """The register of serials refuses: already issued, unknown run, form changed since printed."""


class StoreError(OmrError):
    """The database cannot be used: newer than this program, locked, not ours, disk full."""


class MissingToolError(OmrError):
    """An outside tool is absent.

    Parameters
    ----------
    tool : str
        Its name, for example ``"tesseract"``.
    package : str
        The Debian package that brings it.
    """

    def __init__(self, tool: str, package: str) -> None:
        super().__init__("errors.missing_tool", tool=tool, package=package)


class AccessError(OmrError):
    """Not logged in, or the role is not enough."""


class OutsideError(OmrError):
    """The machine refuses, not the work: disk, rights, memory, network. It may pass, and the same goes on."""


# What the system says -> message of the catalogue `outside`; names that a system lacks are left out.
_CAUSES: Final = {
    "disk_full": ("ENOSPC", "EDQUOT", "EFBIG"),
    "read_only": ("EROFS",),
    "no_rights": ("EACCES", "EPERM"),
    "no_handles": ("EMFILE", "ENFILE"),
    "no_memory": ("ENOMEM",),
    "no_process": ("EAGAIN",),
    "gone": ("ENOENT",),
    "no_folder": ("ENOTDIR",),
    "is_folder": ("EISDIR",),
    "long_name": ("ENAMETOOLONG",),
    "busy": ("EBUSY", "ETXTBSY", "EDEADLK", "ENOLCK"),
    "disk_failed": ("EIO", "ENXIO", "EUCLEAN"),
    "away": (
        "ESTALE",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "ENETDOWN",
        "ENETUNREACH",
        "ENOTCONN",
        "ETIMEDOUT",
        "ENODEV",
    ),
}
_MESSAGES: Final[Mapping[int, str]] = MappingProxyType(
    {getattr(errno, name): key for key, names in _CAUSES.items() for name in names if hasattr(errno, name)}
)


# What a register that is well says when disk, rights or another program are in the way.
_PASSING: Final = (
    *("records.locked", "records.disk_full", "records.disk_failed", "records.read_only"),
    *("records.cannot_open", "records.no_copy", "records.mark_unwritten", "inbox.disk_full"),
)


def passes(error: OmrError) -> bool:
    """Whether it is the machine that refuses, so that the same may go well later."""
    return error.key.startswith("outside.") or error.key in _PASSING


def outside(error: OSError | MemoryError, path: Path | str = "") -> OutsideError:
    """Return the system's refusal as one of ours: its true cause, and what to do about it.

    Parameters
    ----------
    path : Path or str, optional
        What was worked on, where the error does not say it itself.

    Examples
    --------
    >>> outside(OSError(errno.ENOSPC, "No space left on device"), "/srv/office").key
    'outside.disk_full'
    """
    if isinstance(error, MemoryError):
        return OutsideError("outside.no_memory", path=path)
    where = next((name for name in (error.filename2, error.filename) if name not in (None, -1)), path)
    if isinstance(where, bytes):
        where = where.decode("utf-8", "replace")
    if str(where).endswith(".part"):  # our own name for what is being written
        where = Path(where).parent
    return OutsideError(f"outside.{_key(error)}", path=where or "?", detail=error.strerror or str(error))


def why(error: OSError) -> str:
    """Return the cause alone and what to do about it, for a line that says where."""
    return say(f"outside.why_{_key(error)}", detail=error.strerror or str(error) or type(error).__name__)


def is_of_the_machine(error: OSError) -> bool:
    """Whether disk, rights or handles of this machine are the cause, and no network."""
    return _key(error) not in ("other", "away", "gone", "no_process")


# What Windows says, whose numbers tell more than the one that Python makes of them: a file that is open
# in another program is no question of rights.
_OF_WINDOWS: Final = {
    **dict.fromkeys((32, 33, 1224), "busy"),
    **dict.fromkeys((39, 112), "disk_full"),
    **dict.fromkeys((21, 51, 53, 54, 55, 59, 64, 67, 121, 1231, 1232), "away"),
    **dict.fromkeys((19, 6009), "read_only"),
    **dict.fromkeys((111, 206), "long_name"),
    **dict.fromkeys((23, 483, 1117), "disk_failed"),
    **dict.fromkeys((8, 14, 1450, 1455), "no_memory"),
    4: "no_handles",
}


def _key(error: OSError) -> str:
    number = getattr(error, "winerror", None) or 0
    if (
        number == 5 and error.filename2 is not None
    ):  # of a file that would be replaced, and is open: 5, not 32
        return "busy"
    if error.errno == errno.ENOENT and error.filename is None and "temporary" in str(error):
        return "no_temporary"  # `tempfile`: it could write nowhere, and says that the folder is not there
    return _OF_WINDOWS.get(number) or _MESSAGES.get(error.errno or 0, "other")


class PageError(OmrError):
    """One page cannot be read. `reason` is a stable word; the values are the numbers.

    The message stands in the catalogues under ``page.<reason>``. Caught in one
    place only: `omr.reading.reader`.
    """

    def __init__(self, reason: str, **measured: object) -> None:
        super().__init__(f"page.{reason}", **measured)
        self.reason = reason


class ScanError(PageError):
    """The page's picture itself is unusable: damaged, too large, too coarse, two slips in one."""


class FiducialError(PageError):
    """Too few of the four printed marks were found."""


class AlignmentError(PageError):
    """The marks do not fit the printed page within the allowed scale, shear or residual."""


class SerialError(PageError):
    """No serial could be read that passes the pattern, the check characters and the register."""


class ScannerError(PageError):
    """The scanner is at fault (streak, dirt), not the slip."""
