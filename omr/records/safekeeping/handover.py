"""A bundle for handing a problem over: what a stranger needs to help, and nothing about people.

``omr doctor --bundle FILE`` writes a ZIP of JSON files: versions, the doctor's checks, settings
without secrets, how many rows each table has, how often each reason occurs, the recent log. No
scan, serial, name, comment or address is in it; paths are cut down to where they lie.
"""

from __future__ import annotations

import json
import platform
import sqlite3
import sys
import zipfile
from collections.abc import Iterable
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from omr.errors import OmrError
from omr.files import appearing
from omr.log import recent
from omr.records.safekeeping.health import Check
from omr.records.store.mark import Mark
from omr.workspace import DATABASE, Workspace

# Settings that say how the program works; all others may name people, places or addresses.
_TELLING: Final = ("report.ranked_from", "report.smallest_cell", "report.csv_separator", "backup.every_hours")
_REASONS: Final = {
    "pages": "SELECT outcome, coalesce(reason, '') AS reason, count(*) AS count FROM pages GROUP BY 1, 2",
    "set_aside": "SELECT reason, count(*) AS count FROM set_aside GROUP BY 1",
    "doubts": "SELECT reason, count(*) AS count FROM doubts GROUP BY 1",
    "answers": "SELECT state, count(*) AS count FROM answers GROUP BY 1",
    "acts": "SELECT act, count(*) AS count FROM events GROUP BY 1",
    "calibrations": "SELECT calibration, count(*) AS count FROM decidings GROUP BY 1",
}


def hand_over(folder: Path, checks: Iterable[Check], target: Path) -> None:
    """Write the bundle about the workspace in `folder`, which may be as broken as it likes.

    Raises
    ------
    OmrError
        If the file cannot be written.
    """
    hidden = {str(folder.absolute()): "WORKSPACE", str(folder): "WORKSPACE", str(Path.home()): "HOME"}
    parts: dict[str, object] = {
        "versions.json": _versions(),
        "checks.json": [
            {"name": one.name, "ok": one.ok, "detail": _cut(one.detail, hidden)} for one in checks
        ],
        "settings.json": _settings(folder),
        "register.json": _register(folder),
    }
    try:
        with appearing(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, value in parts.items():
                archive.writestr(name, json.dumps(value, ensure_ascii=False, indent=1))
            archive.writestr("log.jsonl", "".join(f"{line}\n" for line in recent(folder)))
    except OSError as error:
        raise OmrError("doctor.cannot_write", target=target, detail=error.strerror or error) from error


def _versions() -> dict[str, Any]:
    found = {one.metadata["Name"]: one.version for one in metadata.distributions() if one.metadata["Name"]}
    return {
        "omr": found.get("omr"),
        "python": sys.version,
        "sqlite": sqlite3.sqlite_version,
        "system": platform.platform(),
        "packages": dict(sorted(found.items())),
    }


def _settings(folder: Path) -> dict[str, Any]:
    try:
        settings = Workspace.open(folder).settings.model_dump(mode="json")
    except OmrError as error:
        return {"error": error.key}
    told: dict[str, Any] = {}
    for key in _TELLING:
        section, name = key.split(".")
        told[key] = settings[section][name]
    told["electronic_form"] = bool(settings["electronic_form_url"])
    told["backup"] = bool(settings["backup"]["to"])
    return told


def _register(folder: Path) -> dict[str, Any]:
    """Count without opening the register as we do: what is broken must not be touched."""
    database = folder / DATABASE
    told: dict[str, Any] = {"there": database.is_file()}
    mark = Mark(folder / "omr.mark")
    try:
        last = mark.last()
        told["mark"] = None if last is None else {"event": last.event, "head": last.head}
        with closing(sqlite3.connect(f"file:{database.absolute()}?mode=ro", uri=True)) as raw:
            raw.row_factory = sqlite3.Row
            tables = [
                row[0]
                for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
            ]
            told["rows"] = {
                name: raw.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables
            }
            told["reasons"] = {
                name: [dict(row) for row in raw.execute(sql)] for name, sql in _REASONS.items()
            }
            row = raw.execute("SELECT event, hash FROM events ORDER BY event DESC LIMIT 1").fetchone()
            told["head"] = None if row is None else {"event": row["event"], "head": row["hash"]}
    except (sqlite3.Error, OmrError) as error:
        told["error"] = type(error).__name__
    return told


def _cut(text: str, hidden: dict[str, str]) -> str:
    for path, word in sorted(hidden.items(), key=lambda one: -len(one[0])):
        if len(path) > 1:
            text = text.replace(path, word)
    return text
