"""The receipt of a batch on paper, to be signed by who gave the stack and who took it."""

from __future__ import annotations

from pathlib import Path

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer

from omr.forms.printing.office_paper import table, text, write_paper
from omr.messages import say
from omr.records.batches.receipt import Receipt
from omr.records.batches.receipt_said import figures, said_again, sheets_message


def print_receipt(made: Receipt, office: str, target: Path, by: str = "") -> None:
    """Print the receipt of a batch on A4.

    Parameters
    ----------
    by : str, optional
        How who had it read signs; without it, under their login name.

    Raises
    ------
    OmrError
        If the file cannot be written.
    """
    batch, came = made.batch, made.came
    story: list[Flowable] = [
        text(office.upper(), "head", bold=True),
        Spacer(0, 6 * mm),
        text(say("receipt.title", batch=batch.name), "title", bold=True, centred=True),
        Spacer(0, 6 * mm),
        *([text(said_again(made), bold=True), Spacer(0, 4 * mm)] if made.again else []),
        table(
            [
                [text(say(f"receipt.name_{name}")), text(str(value), bold=True)]
                for name, value in figures(made, by)
            ],
            [65.0, 115.0],
        ),
    ]
    if made.missing:
        difference = abs(made.missing)
        values = {"expected": made.expected, "sheets": came.sheets, "difference": difference}
        story += [Spacer(0, 4 * mm), text(say(sheets_message(made.missing), **values), bold=True)]
        story += [text(say("receipt.maybe_in_a_file"))] if made.may_be_in_a_file else []
    if made.troubles:
        head = [text(say(f"receipt.name_{name}"), "small", bold=True) for name in ("file", "page", "detail")]
        rows = [
            [text(one.file, "small"), text(str(one.page or "–"), "small"), text(one.detail, "small")]
            for one in made.troubles
        ]
        story += [
            Spacer(0, 6 * mm),
            text(say("receipt.problems"), "head", bold=True),
            Spacer(0, 2 * mm),
            table([head, *rows], [50.0, 15.0, 115.0]),
        ]
    signed = [text(say(f"cover.{who}"), centred=True, bold=True) for who in ("giver", "taker")]
    hint = [text(say("cover.sign"), "small", centred=True, italic=True)] * 2
    story += [Spacer(0, 10 * mm), table([signed, hint], [90.0, 90.0], ruled=False)]
    write_paper(target, "A4", say("receipt.title", batch=batch.name), story)
