"""What is said gets through whatever set of characters a terminal or a pipe has.

A Vietnamese Windows writes pipes and files in code page 1258, an English one in 1252, and neither
has every Vietnamese letter in one piece. Such letters come as near as they can; nothing ends because of
them. Data are exact instead: `exact` escapes.
"""

from __future__ import annotations

import codecs
import io
import json
import sys


def prepare() -> None:
    """Let standard output and error say everything, as well as their sets of characters can."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not _has_all(stream.encoding):
            stream.reconfigure(errors=_nearest_in(stream.encoding))


def exact(value: object, indent: int | None = None) -> str:
    """Return JSON that arrives as it is: letters that standard output lacks are escaped.

    Examples
    --------
    >>> exact(["Hải Phòng"])
    '["Hải Phòng"]'
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return json.dumps(value, ensure_ascii=not _has_all(encoding), indent=indent)


def _nearest_in(encoding: str) -> str:
    """Return the name under which Python calls for what an encoding lacks."""

    def nearest(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        from omr.text import sayable

        # The error itself calls every code page "charmap".
        return "".join(sayable(sign, encoding) for sign in error.object[error.start : error.end]), error.end

    name = f"omr.nearest.{encoding}"
    codecs.register_error(name, nearest)
    return name


def _has_all(encoding: str) -> bool:
    return codecs.lookup(encoding).name.startswith("utf-")
