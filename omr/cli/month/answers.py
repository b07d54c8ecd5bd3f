"""``omr answers``: what counts today."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option
from omr.cli.console import exact
from omr.messages import say

if TYPE_CHECKING:
    from omr.records.counts.answers import CurrentAnswer
    from omr.records.counts.slips import CurrentSlip
    from omr.records.store.store import Store


@click.command()
@click.option("--batch")
@click.option("--period")
@json_option
@click.pass_obj
def answers(session: Session, batch: str | None, period: str | None, as_json: bool) -> None:
    """Print the answers."""
    from omr.records.batches.batches import find_batch
    from omr.records.counts.slips import current_slips, how_many
    from omr.records.offices.periods import parse_period
    from omr.steps import each

    when = parse_period(period).name if period else None
    with session.store() as store:
        if batch:
            find_batch(store, batch)  # a name that is none is an error, not an empty list
        slips = current_slips(store, batch=batch, period=when)
        if not sys.stdout.isatty():  # on a terminal the rows themselves say how far it is
            slips = each("exporting", slips, lambda: how_many(store, batch=batch, period=when))
        if not as_json:
            for slip in slips:
                click.echo(_line(slip))
            return
        # A year has a million slips: the document is written slip by slip.
        opening = "[\n"
        for slip in slips:
            click.echo(
                opening + exact(_as_json(slip, _why(store, slip))),
                nl=False,
            )
            opening = ",\n"
        click.echo("[]" if opening == "[\n" else "\n]")


def _why(store: Store, slip: CurrentSlip) -> dict[str, str]:
    """Return why a person is asked, by question, for a slip with doubtful answers."""
    from omr.records.store.verdicts import reasons
    from omr.words import AnswerState, Reason

    if all(answer.state is not AnswerState.DOUBTFUL for answer in slip.answers.values()):
        return {}
    by_hand = [asked.key for asked in store.forms[slip.fingerprint].questions if asked.cells]
    return dict.fromkeys(by_hand, Reason.HANDWRITTEN.value) | reasons(store, slip.reading)


def _as_json(slip: CurrentSlip, why: Mapping[str, str]) -> dict[str, object]:
    from omr.words import AnswerState

    return {
        "serial": slip.serial,
        "form": slip.form,
        "unit": slip.unit,
        "period": slip.period,
        "valid": slip.valid,
        "reason": slip.reason,
        "answers": {
            question: {
                "state": answer.state.value,
                "codes": list(answer.codes),
                "confidence": round(answer.confidence, 4),
                "by": answer.by,
                # why a person is asked, and `codes` is what the machine leans to
                **(
                    {"reason": why[question]}
                    if answer.state is AnswerState.DOUBTFUL and question in why
                    else {}
                ),
            }
            for question, answer in slip.answers.items()
        },
    }


def _line(slip: CurrentSlip) -> str:
    said = "  ".join(f"{question}={_said(answer)}" for question, answer in slip.answers.items())
    state = say("records.valid") if slip.valid else str(slip.reason)
    return f"{slip.serial}  {slip.form}  {slip.unit}  {slip.period}  {state}  {said}"


def _said(answer: CurrentAnswer) -> str:
    """Return an answer's codes; where they do not count, the state, with what the paper says in brackets."""
    from omr.words import AnswerState

    codes, state = "+".join(answer.codes), say(f"records.{answer.state}")
    if answer.state is AnswerState.DOUBTFUL and codes:
        return f"{state} ({codes}?)"
    if answer.state is AnswerState.ANSWERED:
        return codes
    return f"{state} ({codes})" if codes else state
