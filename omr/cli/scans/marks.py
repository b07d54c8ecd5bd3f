"""``omr marks``: classify boxes at given places on any picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.errors import OmrError, why
from omr.messages import say

if TYPE_CHECKING:
    from omr.reading.papers.known import Laid
    from omr.reading.papers.patches import Quads
    from omr.reading.scan.pages import Grey


@click.command()
@click.argument("image", type=click.Path(path_type=Path))
@click.argument("boxes", type=click.Path(path_type=Path))
@click.option("--blank", type=click.Path(path_type=Path))
@click.option("--same", type=click.Path(path_type=Path), multiple=True)
@click.option("--calibration", default="default")
@json_option
@click.pass_obj
def marks(
    session: Session,
    image: Path,
    boxes: Path,
    blank: Path | None,
    same: tuple[Path, ...],
    calibration: str,
    as_json: bool,
) -> int:
    """Classify boxes."""
    from omr.cli import EXIT_DONE, EXIT_WAITING
    from omr.reading.marks.calibrate import load_calibration
    from omr.reading.marks.papers import judge
    from omr.reading.papers.between import look_between
    from omr.reading.papers.boxes import read_boxes
    from omr.reading.papers.paper import F, measure

    fitted = load_calibration(calibration, Path(session.folder) / "calibration")
    listed = read_boxes(boxes)
    grey = _grey(image)
    known = _known(grey, listed.corners_px, blank, same)
    features = measure(grey, listed.corners_px, listed.groups, known=known)
    features = look_between(grey, listed.corners_px, listed.groups, features)
    judged = judge(features, listed.groups, fitted.papers)
    waiting = sum(judgement.review for judgement in judged)
    rows = [
        {
            "box": box,
            "ink_ratio": round(float(row[F["ink"]]), 4),
            "state": judgement.state,
            "confidence": round(judgement.confidence, 4),
            "review": judgement.review,
            "reason": judgement.reason,
        }
        for box, row, judgement in zip(listed.names, features, judged, strict=True)
    ]
    if as_json:
        print_json(rows)
    else:
        for row, judgement in zip(rows, judged, strict=True):
            click.echo(say("marks.line", **row | {"state": say(judgement.state.label)}))
        click.echo(say("marks.summary", boxes=len(rows), waiting=waiting))
    return EXIT_WAITING if waiting else EXIT_DONE


def _grey(file: Path) -> Grey:
    from omr.reading.apart import Apart
    from omr.reading.limits import USUAL
    from omr.reading.pictures.picture import load
    from omr.reading.pictures.pixels import grey_of

    try:
        data = file.read_bytes()
    except OSError as error:
        raise OmrError("marks.no_image", file=file, detail=why(error)) from error
    with Apart(USUAL) as apart:
        return grey_of(apart.call(load, data, None, colour=False).pixels)


def _known(page: Grey, corners_px: Quads, blank: Path | None, same: tuple[Path, ...]) -> list[Laid]:
    """Lay other sheets of the form on the page; a sheet that is not alike is an error: nothing is guessed."""
    from omr.reading.papers.known import SHEETS_THAT_SHARE, lay
    from omr.steps import each

    if blank is not None and same:
        raise OmrError("marks.blank_or_same")
    if same and len(same) < SHEETS_THAT_SHARE:
        raise OmrError("marks.few_sheets", given=len(same), needed=SHEETS_THAT_SHARE)
    laid = []
    for file in each("sheets", [blank] if blank is not None else same):
        found = lay(_grey(file), page, corners_px)
        if found is None:
            raise OmrError("marks.not_alike", file=file)
        laid.append(found)
    return laid
