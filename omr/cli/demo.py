"""``omr demo``: the whole job on simulated respondents."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.errors import outside
from omr.messages import say

if TYPE_CHECKING:
    from omr.demo import Demonstration

_BAR = 30  # characters


@click.command()
@click.argument("directory", metavar="[DIR]", default="demo", type=click.Path(path_type=Path))
@click.option("--slips", type=click.IntRange(min=5, max=100_000), default=200, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@json_option
@click.pass_obj
def demo(session: Session, /, directory: Path, slips: int, seed: int, as_json: bool) -> None:
    """Do the whole job."""
    from omr.demo import demonstrate, fresh_folder
    from omr.steps import told_to

    folder = fresh_folder(directory)
    try:
        with told_to(None):  # it tells of its stages itself
            shown = demonstrate(folder, slips=slips, seed=seed, tell=_tell)
    except OSError as error:  # it works there, not in the workspace
        raise outside(error, folder) from error
    if as_json:
        print_json(_as_json(shown))
    else:
        click.echo(_as_text(shown))


def _tell(stage: str, done: int, whole: int) -> None:
    """Draw a progress bar where somebody looks."""
    if sys.stderr.isatty():
        filled = _BAR * done // whole
        bar = "#" * filled + "-" * (_BAR - filled)
        ending = done == whole
        click.echo(f"\r{say(f'demo.{stage}'):<24} [{bar}] {done}/{whole}", nl=ending, err=True)


def _as_json(shown: Demonstration) -> dict[str, object]:
    made = shown.receipt
    return {
        "slips": shown.slips,
        "pages": made.came.pages,
        "read": made.came.read,
        "rejected": made.came.rejected,
        "rejected_reasons": made.reasons,
        "duplicates": made.duplicates,
        "to_review": made.to_review,
        "misread": len(shown.misread),
        "misread_answers": list(shown.misread),
        "positions": shown.positions,
        "satisfied": shown.satisfied.part,
        "answered": shown.satisfied.whole,
        "seconds": round(made.seconds, 3),
        "pages_per_second": round(made.pages_per_second, 2),
        "decode_ratio": round(shown.ratio, 2),
        "files": {name: str(path.absolute()) for name, path in shown.files.items()},
    }


def _as_text(shown: Demonstration) -> str:
    made = shown.receipt
    lines = [
        say("demo.title"),
        say("demo.pages", slips=shown.slips, pages=made.came.pages, read=made.came.read),
        say("demo.rejected", rejected=made.came.rejected),
        *(
            f"  {say('demo.problem', file=one.file, page=one.page, detail=one.detail)}"
            for one in made.problems
        ),
        say("demo.to_review", to_review=made.to_review, duplicates=made.duplicates),
        say("demo.satisfied", share=shown.satisfied),
        say("demo.misread", misread=len(shown.misread), positions=shown.positions),
        *(f"  {line}" for line in shown.misread),
        say("demo.speed", seconds=made.seconds, rate=made.pages_per_second, ratio=shown.ratio),
        say("demo.files"),
        *(f"  {say(f'demo.file_{name}', path=path.absolute())}" for name, path in shown.files.items()),
    ]
    return "\n".join(lines)
