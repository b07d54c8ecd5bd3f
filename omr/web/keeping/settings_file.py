"""Writes ``omr.toml``: one value at a time, checked as it will be read, comments and order kept.

Who writes says which file they saw; where somebody else wrote meanwhile, nothing is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tomlkit
from pydantic import ValidationError
from tomlkit import TOMLDocument

from omr.errors import OmrError
from omr.files import locked, write_whole
from omr.toml_in import parse_toml, what_is_wrong
from omr.workspace import SETTINGS, Settings, Workspace

Document = TOMLDocument


def version_of(workspace: Workspace) -> str:
    """Return what tells the settings file as it is now from every other."""
    return hashlib.sha256((workspace.path / SETTINGS).read_bytes()).hexdigest()[:16]


def write(workspace: Workspace, seen: str, change: Callable[[TOMLDocument], None]) -> Settings:
    """Change the settings file and return what it says now.

    Parameters
    ----------
    seen : str
        `version_of` the file that was looked at.
    change : callable
        Changes the document.

    Raises
    ------
    OmrError
        If somebody wrote meanwhile, or a setting would not be one.
    """
    file = workspace.path / SETTINGS
    with locked(workspace.path / f".{SETTINGS}.lock"):
        if version_of(workspace) != seen:
            raise OmrError("settings.changed_meanwhile")
        parse_toml(file.read_bytes())  # says in our words what tomlkit would say in its own
        document = tomlkit.parse(file.read_bytes().decode("utf-8-sig"))
        change(document)
        text = tomlkit.dumps(document)
        try:
            settings = Settings.model_validate(parse_toml(text.encode()))
        except ValidationError as error:
            raise OmrError("settings.wrong", detail=what_is_wrong(error)) from error
        write_whole(file, text, mode=0o600)
    return settings


def put(document: TOMLDocument, key: str, value: Any) -> None:
    r"""Set one value, or remove it where it is None: then its default holds.

    Examples
    --------
    >>> document = tomlkit.parse("# ours\noffice = 'A'\n")
    >>> put(document, "report.place", "Hải Phòng"); put(document, "office", None)
    >>> print(tomlkit.dumps(document).strip())
    # ours
    <BLANKLINE>
    [report]
    place = "Hải Phòng"
    """
    *tables, name = key.split(".")
    table: Any = document
    for part in tables:
        if part not in table:
            if value is None:
                return
            table[part] = tomlkit.table()
        table = table[part]
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value


def put_table(document: TOMLDocument, tables: str, name: str, values: dict[str, Any], keep: str) -> None:
    """Set one table among others, ``[tables.name]``; what stands there under `keep` stays."""
    if tables not in document:
        document[tables] = tomlkit.table(is_super_table=True)
    among: Any = document[tables]
    table = tomlkit.table()
    table.update(values)
    if keep in among.get(name, {}):
        table[keep] = among[name][keep]
    among[name] = table


def take_table(document: TOMLDocument, tables: str, name: str) -> None:
    """Remove one table among others."""
    among: Any = document.get(tables, {})
    among.pop(name, None)
    if not among:
        document.pop(tables, None)


def put_rows(document: TOMLDocument, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set a list of tables, ``[[name]]``."""
    document.pop(name, None)
    if rows:
        listed = tomlkit.aot()
        for row in rows:
            table = tomlkit.table()
            table.update({key: value for key, value in row.items() if value != ""})
            listed.append(table)
        document[name] = listed
