"""``omr simulate``: fill and scan a printed run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from omr.cli.common import Session, json_option, print_json
from omr.errors import OmrError
from omr.messages import LANGUAGES, catalogue, say

if TYPE_CHECKING:
    from omr.simulate.printed import PrintedRun
    from omr.simulate.stacks import Stack


class _Simulate(click.Command):
    """Lets one ``--harm`` take several names, and lists them with their meaning in the help."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        names = _harm_names() if "--harm" in args else ()
        spread: list[str] = []
        several = False
        for word in args:
            if word.startswith("-"):
                several = word == "--harm"
            elif several and word in names and spread[-1] != "--harm":
                spread.append("--harm")
            spread.append(word)
        return super().parse_args(ctx, spread)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(say("simulate.harms")):
            words = [(name, say(f"simulate.harm_{name.replace('-', '_')}")) for name in _harm_names()]
            formatter.write_dl(words)


def _harm_names() -> tuple[str, ...]:
    """Return the names from the catalogue: the harms themselves need OpenCV, and help must not."""
    words = catalogue(LANGUAGES[0], "simulate")
    return tuple(key.removeprefix("harm_").replace("_", "-") for key in words if key.startswith("harm_"))


def _known(ctx: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in _harm_names():
            raise click.BadParameter(say("simulate.unknown_harm", name=name), ctx, parameter)
    return names


@click.command(cls=_Simulate)
@click.argument("pdf", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--answers", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dpi", type=click.IntRange(150, 600), default=200, show_default=True)
@click.option(
    "--depth", type=click.Choice(["colour", "grey", "bilevel"]), default="colour", show_default=True
)
@click.option("--harm", multiple=True, metavar="NAME…", callback=_known)
@click.option(
    "--crowd", type=click.Choice(["everyday", "troublesome"]), default="everyday", show_default=True
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@json_option
@click.pass_obj
def simulate(session: Session, /, pdf: Path, output: Path, as_json: bool, **wanted: Any) -> None:
    """Fill and scan a printed run."""
    from omr.simulate.printed import open_run
    from omr.simulate.scans import write_scan
    from omr.simulate.stacks import simulate_stack

    truth = output.with_suffix(".json")
    for written, kept in ((output, pdf), (truth, wanted["answers"])):
        if kept and written.resolve() == kept.resolve():
            raise OmrError("simulate.would_overwrite", file=kept)
    own = Path(session.folder) / "forms"
    stack = _stack(open_run(pdf, own if own.is_dir() else None), wanted)
    truths = write_scan(simulate_stack(stack), output)
    if as_json:
        print_json({"scan": str(output), "truth": str(truth), "pages": len(truths)})
    else:
        click.echo(say("simulate.done", pages=len(truths), scan=output, truth=truth))


def _stack(run: PrintedRun, wanted: dict[str, Any]) -> Stack:
    from omr.reading.scan.pages import Depth
    from omr.simulate.stacks import Stack, read_answers

    told = read_answers(wanted["answers"], run.form) if wanted["answers"] else {}
    return Stack(
        run,
        dpi=wanted["dpi"],
        depth=Depth(wanted["depth"]),
        seed=wanted["seed"],
        harm=wanted["harm"],
        crowd=wanted["crowd"],
        told=told,
    )
