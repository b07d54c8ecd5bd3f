"""What the desks made to be fetched: reports, signed exports, bundles; each can be made again.

A folder of the workspace for each, with what it is in ``made.json``; the latest are kept.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from omr.files import remove_folder, write_whole

FOLDER: Final = "made"  # below the workspace
ABOUT: Final = "made.json"
PREVIEW: Final = "preview.html"
_KEPT: Final = 60
_NAME: Final = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Made:
    """One thing that was made."""

    name: str
    kind: str  # report, export, bundle
    period: str
    unit: str  # "" of the city
    survey: str
    by: str
    at: str
    lead_only: tuple[str, ...] = ()  # files that only the lead may fetch


def begin(workspace: Path) -> Path:
    """Return a fresh folder to make something in; it is listed once `finish` says what it is."""
    folder = workspace / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in sorted(folder.iterdir())[:-_KEPT]:
        with suppress(OSError):
            remove_folder(old)
    made = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    made.mkdir(mode=0o700)
    return made


def finish(
    folder: Path,
    kind: str,
    *,
    period: str,
    by: str,
    unit: str = "",
    survey: str = "",
    lead_only: Iterable[str] = (),
) -> Made:
    """Say what was made in a folder."""
    at = datetime.now(UTC).isoformat()
    made = Made(folder.name, kind, period, unit, survey, by, at, tuple(lead_only))
    write_whole(folder / ABOUT, json.dumps(asdict(made), ensure_ascii=False), mode=0o600)
    return made


def find(workspace: Path, name: str) -> tuple[Made, Path] | None:
    """Return what was made under a name, and its folder; None where there is nothing, or it is not ready."""
    folder = workspace / FOLDER / name
    if not (_NAME.fullmatch(name) and (folder / ABOUT).is_file()):
        return None
    told = json.loads((folder / ABOUT).read_text("utf-8"))
    return Made(**{**told, "lead_only": tuple(told["lead_only"])}), folder


def listed(workspace: Path, period: str) -> list[Made]:
    """Return what was made of a month, the latest first."""
    folder = workspace / FOLDER
    names = sorted((one.name for one in folder.iterdir()), reverse=True) if folder.is_dir() else []
    found = (find(workspace, name) for name in names)
    return [one[0] for one in found if one and one[0].period == period]


def files_of(folder: Path) -> list[str]:
    """Return the names of the files that people fetch."""
    hidden = (ABOUT, PREVIEW)
    return sorted(one.name for one in folder.iterdir() if one.name not in hidden and one.suffix != ".png")


def keep_preview(folder: Path, text: str) -> None:
    """Keep what was made as a page to look at."""
    write_whole(folder / PREVIEW, text, mode=0o600)


def preview_of(folder: Path) -> str:
    """Return the page to look at, "" where there is none."""
    file = folder / PREVIEW
    return file.read_text("utf-8") if file.is_file() else ""
