"""What is raised on purpose: one family, each member one line for a person.

An error carries a catalogue key and the measured values, never a finished
sentence: the command line and the web say it in the user's language, the
database keeps the numbers.
"""

from __future__ import annotations

from omr.messages import say


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
