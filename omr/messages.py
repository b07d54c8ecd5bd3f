"""What people see, in Vietnamese or English: catalogues of messages by key.

A key is ``"<area>.<name>"``; the area is a TOML file of `omr/catalogues/<language>/`.
Vietnamese is the default; ``OMR_LANG=en`` or ``--lang en`` switches. JSON keys and
stored words never pass through here: they are English always.
"""

from __future__ import annotations

import os
import tomllib
from contextvars import ContextVar
from functools import cache
from importlib import resources
from typing import Final

LANGUAGES: Final = ("vi", "en")

_chosen: ContextVar[str | None] = ContextVar("language", default=None)


def language() -> str:
    """Return the language in force: the chosen one, else ``OMR_LANG``, else Vietnamese."""
    wanted = _chosen.get() or os.environ.get("OMR_LANG", "vi")
    return wanted if wanted in LANGUAGES else "vi"


def choose_language(code: str) -> None:
    """Choose the language for what follows in this context.

    Raises
    ------
    ValueError
        If `code` is not one of `LANGUAGES`.
    """
    if code not in LANGUAGES:
        raise ValueError(f"language {code!r}: expected one of {', '.join(LANGUAGES)}")
    _chosen.set(code)


@cache
def catalogue(code: str, area: str) -> dict[str, str]:
    """Return all messages of one area in one language."""
    text = resources.files("omr").joinpath("catalogues", code, f"{area}.toml").read_text("utf-8")
    return {key: str(value) for key, value in tomllib.loads(text).items()}


def say(key: str, **values: object) -> str:
    """Return the message `key` in the language in force, with its values filled in.

    Examples
    --------
    >>> choose_language("en")
    >>> say("errors.missing_tool", tool="tesseract", package="tesseract-ocr")
    'tesseract is missing: install the package tesseract-ocr'
    """
    area, _, name = key.partition(".")
    return catalogue(language(), area)[name].format(**values)
