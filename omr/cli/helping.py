"""Help in the reader's language where click's own words are English: headings, kinds of values, limits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import click

from omr.messages import say

_HEADINGS: Final = {"Options": "usage.options", "Commands": "cli.commands"}
# What click calls the kinds of values, the longer names first.
_KINDS: Final = ("INTEGER RANGE", "FLOAT RANGE", "INTEGER", "FLOAT", "DIRECTORY", "FILE", "PATH", "TEXT")
_KIND: Final = re.compile(rf"(?<= )({'|'.join(_KINDS)})(?=$|\.\.\.| )")
_EXTRA: Final = re.compile(r"  \[([^\[\]]*)\]$")
ASKS_FOR_HELP: Final = ["-h", "--help"]


class Formatter(click.HelpFormatter):
    """Writes help; every word of click's own is said by the catalogue."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how a command is called."""
        words = args.replace("[OPTIONS]", f"[{say('usage.options').upper()}]")
        words = words.replace("COMMAND [ARGS]...", say("usage.command_and_words"))
        super().write_usage(prog, words, prefix or f"{say('usage.called')}: ")

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        super().write_heading(say(_HEADINGS[heading]) if heading in _HEADINGS else heading)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write options with what they mean."""
        super().write_dl([(_kind_said(names), _said(text)) for names, text in rows], col_max, col_spacing)


class Context(click.Context):
    """A command that is being run, or asked for its help."""

    formatter_class = Formatter


def _kind_said(names: str) -> str:
    return _KIND.sub(lambda kind: say(f"usage.kind_{kind[1].lower().replace(' ', '_')}"), names)


def _said(text: str) -> str:
    return _EXTRA.sub(lambda extra: f"  [{'; '.join(map(_extra_said, extra[1].split('; ')))}]", text)


def _extra_said(extra: str) -> str:
    if extra == "required":
        return say("usage.required")
    if extra.startswith("default: "):
        return say("usage.default", value=extra.removeprefix("default: "))
    return extra
