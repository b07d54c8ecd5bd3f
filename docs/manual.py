"""The manual page of `omr`, from the help that each command gives: one in English, one in Vietnamese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from typing import Final

import click

from omr.cli import omr
from omr.cli.common import localise
from omr.cli.helping import Context, Formatter
from omr.messages import choose_language, language

HEADINGS: Final = {
    "en": {
        "name": "NAME",
        "about": "prints, reads and accounts for satisfaction slips",
        "synopsis": "SYNOPSIS",
        "description": "DESCRIPTION",
        "options": "OPTIONS",
        "commands": "COMMANDS",
        "exit": "EXIT STATUS",
        "codes": (
            ("0", "done"),
            ("1", "failed; one line says why, and what to do"),
            ("2", "the command was written wrongly"),
            ("3", "done, and something waits for a person"),
        ),
        "environment": "ENVIRONMENT",
        "variables": (
            ("OMR_WORKSPACE", "where the workspace is, instead of \\-\\-workspace"),
            ("OMR_LANG", "vi or en, instead of \\-\\-lang"),
        ),
        "files": "FILES",
        "kept": (("omr.sqlite", "all that the register knows"), ("omr.toml", "settings of the workspace")),
    },
    "vi": {
        "name": "TÊN",
        "about": "in, đọc và theo dõi phiếu khảo sát sự hài lòng",
        "synopsis": "CÁCH GỌI",
        "description": "MÔ TẢ",
        "options": "TÙY CHỌN",
        "commands": "CÁC LỆNH",
        "exit": "MÃ KẾT THÚC",
        "codes": (
            ("0", "đã xong"),
            ("1", "không xong; một dòng nói rõ lý do và việc cần làm"),
            ("2", "lệnh viết sai"),
            ("3", "đã xong, và có việc chờ người xem"),
        ),
        "environment": "BIẾN MÔI TRƯỜNG",
        "variables": (
            ("OMR_WORKSPACE", "thư mục làm việc, thay cho \\-\\-workspace"),
            ("OMR_LANG", "vi hoặc en, thay cho \\-\\-lang"),
        ),
        "files": "TỆP",
        "kept": (
            ("omr.sqlite", "tất cả những gì sổ đăng ký biết"),
            ("omr.toml", "thiết lập của thư mục làm việc"),
        ),
    },
}
WIDE: Final = 10_000  # columns: lines are broken by whoever shows the page


def manual(chosen: str) -> str:
    """Return the page in one language, as roff."""
    before = language()
    choose_language(chosen)
    try:
        return "\n".join(_page(HEADINGS[chosen])) + "\n"
    finally:
        choose_language(before)


def _page(words: dict[str, object]) -> Iterator[str]:
    version = metadata.version("omr")
    yield '.\\" -*- coding: utf-8 -*- made from the help of omr: run make docs'
    yield f'.TH OMR 1 "" "omr {version}"'
    yield f".SH {words['name']}"
    yield f"omr \\- {words['about']}"
    root = localise(omr, "omr")
    context = Context(root, info_name="omr", **root.context_settings)
    yield f".SH {words['synopsis']}"
    yield from _called(root, context)
    yield f".SH {words['description']}"
    yield from _text(root.help or "")
    yield f".SH {words['options']}"
    yield from _options(root, context)
    yield f".SH {words['commands']}"
    for name in root.list_commands(context):
        yield from _command(root, context, name)
    for title, rows in (("exit", "codes"), ("environment", "variables"), ("files", "kept")):
        yield f".SH {words[title]}"
        for term, text in words[rows]:
            yield from (".TP", f"\\fB{term}\\fR", text)


def _command(group: click.Group, above: click.Context, name: str) -> Iterator[str]:
    command = group.get_command(above, name)
    assert command is not None
    context = Context(command, info_name=name, parent=above)
    yield f".SS {_plain(context.command_path)}"
    yield from _called(command, context)
    yield ".PP"
    yield from _text(command.help or "")
    yield from _options(command, context)
    if isinstance(command, click.Group):
        for member in command.list_commands(context):
            yield from _command(command, context, member)


def _called(command: click.Command, context: click.Context) -> Iterator[str]:
    """Yield how a command is called: the help's own line, without its first word."""
    formatter = Formatter(width=WIDE)
    command.format_usage(context, formatter)
    usage = " ".join(formatter.getvalue().partition(":")[2].split())
    path = context.command_path
    yield f"\\fB{_plain(path)}\\fR{_plain(usage.removeprefix(path))}"


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    """Yield the options in the words of the help; every command has --help, which is told once."""
    formatter = Formatter(width=WIDE)
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None or not record[1] or ("--help" in parameter.opts and context.parent is not None):
            continue
        formatter.write_dl([record])
        names, _, text = formatter.getvalue().strip().partition("  ")
        formatter.buffer.clear()
        yield from (".TP", f"\\fB{_plain(names)}\\fR", _plain(" ".join(text.split())))


def _text(text: str) -> Iterator[str]:
    """Yield paragraphs; what click leaves as it stands (after a line of \\\\b) stays so."""
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        if number:
            yield ".PP"
        if paragraph.startswith("\b"):
            yield ".nf"
            yield from (_plain(line) for line in paragraph.splitlines()[1:])
            yield ".fi"
        else:
            yield _plain(" ".join(paragraph.split()))


def _plain(text: str) -> str:
    r"""Return text with nothing in it that roff would take for a command.

    Examples
    --------
    >>> print(_plain(".a-b \\ c"))
    \&.a\-b \e c
    """
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text
