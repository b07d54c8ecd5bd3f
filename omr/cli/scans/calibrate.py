"""``omr calibrate``: what the measurements mean, learned from boxes that are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from omr import clock
from omr.cli.common import Session, json_option, print_json
from omr.errors import OmrError, why
from omr.messages import say

if TYPE_CHECKING:
    from omr.reading.marks.fit import Lesson
    from omr.reading.papers.labels import LabelledPage


PRACTICE_WEIGHT = 0.3  # of a drawn box, where one of real ink counts 1


@click.group()
def calibrate() -> None:
    """Calibration."""


@calibrate.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def blank(files: tuple[Path, ...], as_json: bool) -> int:
    """Test the scanner."""
    from omr.cli import EXIT_DONE, EXIT_WAITING
    from omr.reading.apart import Apart, scans_of
    from omr.reading.files.find import find_files
    from omr.reading.glass.selftest import inspect
    from omr.reading.limits import USUAL

    results: list[dict[str, Any]] = []
    with Apart(USUAL) as apart:
        for scan in (scan for file in find_files(files).files for scan in apart.stream(scans_of, file)):
            is_form, faults = inspect(scan)
            results.append({"file": scan.file, "page": scan.page, "form": is_form, "faults": faults})
            here = {"file": scan.file, "page": scan.page}
            if not as_json:
                for fault in faults:
                    click.echo(say("glass.fault", **here, what=say(f"glass.{fault.key}", **fault.values)))
                if not faults:
                    click.echo(say("glass.pass_form" if is_form else "glass.pass_sheet", **here))
    if as_json:
        print_json(
            [one | {"faults": [{"fault": f.key, **f.values} for f in one["faults"]]} for one in results]
        )
    return EXIT_WAITING if any(one["faults"] for one in results) else EXIT_DONE


@calibrate.command()
@click.argument("labels", nargs=-1, type=click.Path(path_type=Path))
@click.option("--practice", type=click.IntRange(0, 100_000), default=400)
@click.option("--name", default="default")
@click.option("--risk", type=click.FloatRange(0.0, 0.5), default=0.02)
@click.option("--workers", type=click.IntRange(1, 256), default=1)
@json_option
@click.pass_obj
def fit(
    session: Session,
    labels: tuple[Path, ...],
    practice: int,
    name: str,
    risk: float,
    workers: int,
    as_json: bool,
) -> None:
    """Fit a calibration."""
    from concurrent.futures import ProcessPoolExecutor
    from itertools import chain

    from omr.reading.marks.calibrate import save_calibration
    from omr.reading.marks.fit import fit as fit_to
    from omr.reading.papers.labels import read_labels
    from omr.steps import each

    folder = Path(session.folder) / "calibration"
    if Path(name).name != name:
        raise OmrError("marks.no_calibration", name=name)
    pages = [(file.stem, page) for file in labels for page in read_labels(file)]
    if not pages and not practice:
        raise OmrError("marks.nothing_to_learn")
    with ProcessPoolExecutor(workers) as pool:
        labelled = pool.map(_labelled, *zip(*pages, strict=True), chunksize=2) if pages else iter(())
        sheets = pool.map(practised, range(practice), chunksize=8)
        lessons = list(each("learning", chain(labelled, sheets), len(pages) + practice))
    provenance: dict[str, Any] = {
        "made": clock.today().isoformat(),
        "command": f"omr calibrate fit {' '.join(file.name for file in labels)} --practice {practice}",
    }
    fitted = fit_to(lessons, name, risk, provenance)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    save_calibration(fitted, file)
    if as_json:
        print_json({"calibration": name, "file": str(file), **fitted.provenance})
    else:
        click.echo(say("marks.fitted", file=file, pages=len(lessons)))
        _print_curve(fitted.provenance, risk)


@calibrate.command()
@click.argument("name", default="default")
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@click.pass_obj
def show(session: Session, name: str, picture: Path | None, as_json: bool) -> None:
    """Show a calibration."""
    from dataclasses import asdict

    from omr.reading.marks.calibrate import load_calibration

    shown = load_calibration(name, Path(session.folder) / "calibration")
    if picture:
        from omr.reports.figures.error_curve import draw_error_curve

        draw_error_curve(shown.provenance.get("curve", []), picture)
    if as_json:
        return print_json({"calibration": name, "limits": asdict(shown.papers.limits), **shown.provenance})
    for source, counts in shown.provenance.get("data", {}).items():
        click.echo(say("marks.learned_from", source=source, **counts))
    _print_curve(shown.provenance, shown.papers.limits.blank_below)


def _print_curve(provenance: dict[str, Any], risk: float) -> None:
    """Print, for each class of marks, what is wrong unseen and what a person looks at."""
    click.echo(say("marks.curve_head", risk=risk))
    for marks, at, boxes, silent, reviewed in provenance.get("curve", []):
        if at == risk and boxes:
            share = 100 * reviewed / boxes
            click.echo(f"{marks:24} {boxes:>8} {silent:>8} {reviewed:>8} {share:>8.2f} %")


def _labelled(source: str, page: LabelledPage) -> Lesson:
    """Measure one labelled picture (in a worker process)."""
    import cv2

    from omr.reading.marks.fit import Lesson
    from omr.reading.papers.paper import measure
    from omr.reading.pictures.picture import load
    from omr.reading.pictures.pixels import grey_of

    cv2.setNumThreads(1)
    try:
        grey = grey_of(load(page.image.read_bytes(), None, colour=False).pixels)
    except OSError as error:
        raise OmrError("marks.no_image", file=page.image, detail=why(error)) from error
    features = measure(grey, page.boxes.corners_px, page.boxes.groups)
    classes = tuple(f"{source} {state}" for state in page.states)
    return Lesson(source, features, page.boxes.groups, page.states, classes)


def practised(seed: int) -> Lesson:
    """Make and measure one practice sheet; runs in worker processes."""
    import cv2

    from omr.reading.marks.fit import Lesson
    from omr.reading.papers.paper import measure
    from omr.simulate.practice import practice

    cv2.setNumThreads(1)
    sheet = practice(seed)
    features = measure(sheet.grey, sheet.corners_px, sheet.groups)
    classes = tuple(f"practice {habit or 'blank'}" for habit in sheet.habits)
    return Lesson("practice", features, sheet.groups, sheet.states, classes, PRACTICE_WEIGHT)
