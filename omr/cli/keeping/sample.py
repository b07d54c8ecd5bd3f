"""``omr audit sample`` and ``omr audit enter``: slips drawn in public and keyed anew from paper."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, operator, print_json
from omr.errors import OmrError, why
from omr.messages import say

if TYPE_CHECKING:
    from omr.trust.audit_sample import Assurance

WAITING = 3


def _points(text: str) -> Fraction:
    from omr.trust.audit_sample import parse_points

    try:
        return parse_points(text)
    except OmrError as error:
        raise click.BadParameter(str(error), param_hint="--points") from error


@click.command("sample")
@click.option("--period", required=True)
@click.option("--seed", required=True)
@click.option("--points", default="2.5")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--survey")
@click.option("--by")
@json_option
@click.pass_obj
def sample(
    session: Session,
    period: str,
    seed: str,
    points: str,
    output: Path,
    survey: str | None,
    by: str | None,
    as_json: bool,
) -> None:
    """Draw slips."""
    from omr.cli.person import store_of
    from omr.figures import Share
    from omr.files import write_whole
    from omr.records.offices.periods import parse_period
    from omr.trust import rekeying
    from omr.trust.audit_sample import draw_sample, is_seed, ticket

    if not is_seed(seed):
        raise click.BadParameter(say("sample.bad_seed"), param_hint="--seed")
    allowed = _points(points)
    when = parse_period(period)
    with store_of(session, by or operator()) as store:
        made, claim = draw_sample(store, when, seed=seed, points=allowed, by=by or operator(), survey=survey)
        if not made.serials:
            raise OmrError("sample.no_slips", period=when.name)
        text = rekeying.entry_list(store, made)
    try:
        write_whole(output, "\ufeff" + text)  # so that a spreadsheet knows it is UTF-8
    except OSError as error:
        raise OmrError("sample.cannot_write", file=output, detail=why(error)) from error
    if as_json:
        print_json(
            {
                "draw": made.draw,
                "period": made.period,
                "survey": made.survey,
                "seed": made.seed,
                "slips": made.slips,
                "satisfied": made.satisfied,
                "answered": made.answered,
                "points": float(made.points),
                "floor": float(claim.floor),
                "margin": claim.margin,
                "drawn": len(made.serials),
                "population": made.population,
                "list": str(output),
                "tickets": [{"ticket": ticket(seed, serial), "serial": serial} for serial in made.serials],
            }
        )
        return
    share = Share(made.satisfied, made.answered)
    click.echo(
        say("sample.drawn", drawn=len(made.serials), slips=made.slips, period=made.period, share=share)
    )
    click.echo(say("sample.list", file=output))


@click.command("enter")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--period", required=True)
@click.option("--survey")
@click.option("--by", required=True)
@json_option
@click.pass_obj
def enter(session: Session, file: Path, period: str, survey: str | None, by: str, as_json: bool) -> int:
    """Take in what was keyed from paper."""
    from omr.cli.person import store_of
    from omr.records.offices.periods import parse_period
    from omr.trust import rekeying
    from omr.trust.audit_sample import assurance_of, statement

    when = parse_period(period)
    with store_of(session, by) as store:
        made = rekeying.latest_draw(store, when, survey)
        if made is None:
            raise OmrError("sample.no_draw", period=when.name)
        keyed = rekeying.read_entries(file, store, made)
        entered = rekeying.enter(store, made, keyed, by=by)
        shown = assurance_of(store, when, survey)
    assert shown is not None  # there is a draw
    if as_json:
        print_json({"draw": made.draw, "entered": entered, **_as_json(shown), "statement": statement(shown)})
    else:
        click.echo(say("sample.entered", entered=entered, keyed=shown.keyed, drawn=shown.drawn))
        click.echo(statement(shown))
    return 0 if shown.proven else WAITING


def _as_json(shown: Assurance) -> dict[str, object]:
    return {
        "drawn": shown.drawn,
        "keyed": shown.keyed,
        "not_found": shown.not_found,
        "answers": shown.answers,
        "differing_answers": shown.differing_answers,
        "differing_slips": shown.differing_slips,
        "overstated": shown.overstated,
        "understated": shown.understated,
        "margin": shown.claim.margin,
        "risk": shown.risk,
        "changed": shown.changed,
        "proven": shown.proven,
    }
