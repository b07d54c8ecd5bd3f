"""How much code stands in which room: files and lines of Python and SQL, then and now.

    python bench house rooms                    beside the commit of the golden databases
    python bench house rooms --before COMMIT    beside another
    python bench house rooms --floors           and which rooms each imports

Lines are lines of the files, with what explains them. A room that moved stands in both places.
"""

from __future__ import annotations

import ast
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

import click
from harness import OUT, ROOT, measurement, table

TOPS = ("omr", "tests", "bench")
KINDS = (".py", ".sql")


@measurement(__doc__)
@click.option("--before", default="7b29a35", show_default=True)
@click.option("--floors", is_flag=True)
def main(before: str, floors: bool) -> None:
    """Print one line a room."""
    then, now = counted(before), counted("HEAD")
    rows: list[dict[str, object]] = []
    for top in TOPS:
        rooms = sorted(room for room in then | now if room.split("/")[0] == top)
        rows += [row(room, [then[room]], [now[room]]) for room in rooms]
        rows.append(row(f"{top}, all", [then[room] for room in rooms], [now[room] for room in rooms]))
    table(rows, to=OUT / "rooms.csv")
    if floors:
        for room, below in sorted(arrows().items()):
            print(f"{room}: {', '.join(sorted(below))}")


def row(name: str, then: list[list[int]], now: list[list[int]]) -> dict[str, object]:
    """Return what a room held and holds; the longest file says whether it wants to be two."""
    before, after = (sum(rooms, []) for rooms in (then, now))
    return {
        "room": name,
        "files before": len(before),
        "lines before": sum(before),
        "files": len(after),
        "lines": sum(after),
        "longest": max(after, default=0),
    }


def counted(commit: str) -> dict[str, list[int]]:
    """Return the lines of each file of each room at a commit."""
    command = ["git", "-C", str(ROOT), "grep", "--count", "-I", "", commit, "--"]
    command += [f"{top}/*{kind}" for top in TOPS for kind in KINDS]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rooms: dict[str, list[int]] = defaultdict(list)
    for line in told.splitlines():
        _, path, count = line.split(":")
        rooms[str(PurePosixPath(path).parent)].append(int(count))
    return rooms


def arrows() -> dict[str, set[str]]:
    """Return which rooms of the package each room imports."""
    below: dict[str, set[str]] = defaultdict(set)
    for file in sorted((ROOT / "omr").rglob("*.py")):
        room = file.parent.relative_to(ROOT).as_posix()
        below[room] |= {other for name in _imported(file.read_text("utf-8")) for other in _room(name)} - {
            room
        }
    return below


def _imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("omr"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(name: str) -> Iterator[str]:
    """Return the folder that holds the module of an imported name."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        if path.with_suffix(".py").exists():
            yield path.parent.relative_to(ROOT).as_posix()
            return
        if path.is_dir():
            yield path.relative_to(ROOT).as_posix()
            return
