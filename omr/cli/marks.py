"""``omr marks``: classify boxes at given places on any picture."""

from __future__ import annotations

from pathlib import Path

import click

from omr.cli.common import Session, json_option, print_json
from omr.errors import OmrError, why
from omr.messages import say


@click.command()
@click.argument("image", type=click.Path(path_type=Path))
@click.argument("boxes", type=click.Path(path_type=Path))
@click.option("--calibration", default="default")
@json_option
@click.pass_obj
def marks(session: Session, image: Path, boxes: Path, calibration: str, as_json: bool) -> int:
    """Classify boxes."""
    from omr.cli import EXIT_DONE, EXIT_WAITING
    from omr.reading.apart import Apart
    from omr.reading.limits import USUAL
    from omr.reading.marks.boxes import read_boxes
    from omr.reading.marks.calibrate import load_calibration
    from omr.reading.marks.first import judge
    from omr.reading.marks.paper import F, measure
    from omr.reading.scan.pictures import grey_of, load

    fitted = load_calibration(calibration, Path(session.folder) / "calibration")
    listed = read_boxes(boxes)
    try:
        data = image.read_bytes()
    except OSError as error:
        raise OmrError("marks.no_image", file=image, detail=why(error)) from error
    with Apart(USUAL) as apart:
        grey = grey_of(apart.call(load, data, None, colour=False).pixels)
    features = measure(grey, listed.corners_px, listed.groups)
    judged = judge(features, listed.groups, fitted)
    waiting = sum(judgement.review for judgement in judged)
    rows = [
        {
            "box": box,
            "ink_ratio": round(float(row[F["ink"]]), 4),
            "state": judgement.state,
            "confidence": round(judgement.confidence, 4),
            "review": judgement.review,
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
