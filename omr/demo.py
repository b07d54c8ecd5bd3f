"""The whole job on simulated respondents, in a fresh workspace: issue, print, fill, scan, read, report.

The one module that knows both the simulation, which has the truth, and the records, which
must come to it by reading alone.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from omr.errors import OmrError
from omr.figures import Share
from omr.forms.layout import list_forms
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue
from omr.forms.template import Form
from omr.office import Office
from omr.reading.overlay import write_overlay
from omr.reading.reader import Desk, read_page
from omr.reading.scan.pages import Depth, EncodedPage, decode, open_pages
from omr.records.batches.receipt import Receipt
from omr.records.counts.slips import CurrentSlip
from omr.records.intake.orders import Orders
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.reports import monthly
from omr.simulate.harms import ORDINARY
from omr.simulate.oracle import misread
from omr.simulate.printed import PrintedRun
from omr.simulate.scans import write_scan
from omr.simulate.slips import Picture, Truth
from omr.simulate.stacks import Stack, simulate_stacks
from omr.words import AnswerState
from omr.workspace import Workspace

UNITS: Final = "hai-phong-2023"
PERIOD: Final = "2023-04"
BY: Final = "demo"
_SERVING: Final = {1: "PC06", 2: "PC07", 3: "PA08", 4: "PC08"}  # form digit -> the unit that hands it out
_SCANNERS: Final = (
    (Depth.GREY, 200),
    (Depth.BILEVEL, 300),
    (Depth.COLOUR, 300),
    (Depth.COLOUR, 200),
    (Depth.GREY, 300),
)
_LEFT_IN_STOCK: Final = 5  # slips of each run that nobody hands in
_UPSIDE_DOWN_EVERY: Final = 17  # slips
_SHOWN: Final = 2  # annotated pages of each scan
_MOST_FOLDERS: Final = 1000
_FOLDERS: Final = {
    "forms": "phieu-in",
    "scanned": "ban-quet",
    "annotated": "trang-da-doc",
    "report": "bao-cao",
}

Tell = Callable[[str, int, int], None]  # stage, how many are done, of how many


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What the demonstration ends with."""

    slips: int
    receipt: Receipt
    positions: int  # boxes of the slips that were read
    misread: tuple[str, ...]  # answers accepted without review that are not what was meant
    satisfied: Share  # of the month, on the overall question
    ratio: float  # CPU time of reading some pages over that of bare decoding of their pictures
    files: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class _Run:
    """One print run of the demonstration."""

    form: Form
    issue: Issue
    printed: Path


def fresh_folder(wanted: Path) -> Path:
    """Return `wanted`, or the first unused of ``wanted-2``, ``wanted-3`` …: nothing is ever removed."""
    for number in range(1, _MOST_FOLDERS):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return folder
    raise OmrError("demo.no_folder", folder=wanted)


def demonstrate(folder: Path, *, slips: int, seed: int, tell: Tell) -> Demonstration:
    """Do the whole job.

    Parameters
    ----------
    folder : Path
        Becomes the workspace; must be new or empty.
    slips : int
        Respondents, spread over all built-in forms; a sheet scanned twice and a forged slip
        come on top.
    seed : int
        Decides the slips, their answers and scans.
    tell : callable
        Told of progress.
    """
    workspace = Workspace.create(folder)
    places = {name: workspace.path / folder_name for name, folder_name in _FOLDERS.items()}
    for place in places.values():
        place.mkdir(mode=0o700)
    with Office.open(workspace, by=BY) as office:
        runs = _issue(office, places["forms"], slips, seed, tell)
        truths = _scan(runs, places["scanned"], slips, seed, tell)
        scans = sorted(places["scanned"].glob("*.pdf"))
        made = _read(office, scans, len(truths) + 2, tell)
        read = list(office.answers(period=PERIOD))
        month = office.month(PERIOD)
        monthly.write(month, None, places["report"], monthly.FORMATS, workspace.settings.report)
        ratio = _annotate(scans, office.desk(), places["annotated"])
        boxes = {
            mark: sum(len(q.options) for q in form.questions) for mark, form in office.store.forms.items()
        }
    return Demonstration(
        slips=slips,
        receipt=made,
        positions=sum(boxes[slip.fingerprint] for slip in read),
        misread=tuple(line for slip in read for line in _misread(slip, truths)),
        satisfied=month.pool().overall,
        ratio=ratio,
        files={"workspace": workspace.path, "database": workspace.database, **places},
    )


def _issue(office: Office, folder: Path, slips: int, seed: int, tell: Tell) -> list[_Run]:
    """Print a run of every built-in form, a few slips more than come back."""
    shipped = shipped_units(UNITS)
    assert shipped is not None, UNITS
    import_units(office.store, read_units(shipped.read_bytes()), by=BY)
    forms = list_forms(None)
    runs = []
    for place, form in enumerate(forms):
        target = folder / f"{form.form}.pdf"
        issue = office.issue(
            form,
            unit=_SERVING[form.digit],
            period=PERIOD,
            count=_part(slips, len(forms), place) + _LEFT_IN_STOCK,
            target=target,
            seed=_seed(seed, place),
        )
        runs.append(_Run(form, issue, target))
        tell("printing", place + 1, len(forms))
    return runs


def _part(whole: int, parts: int, place: int) -> int:
    """Return the size of one of `parts` nearly equal parts."""
    return whole * (place + 1) // parts - whole * place // parts


def _seed(seed: int, place: int) -> int:
    return seed * 100 + place


def _scan(runs: Sequence[_Run], folder: Path, slips: int, seed: int, tell: Tell) -> dict[str, Truth]:
    """Fill and scan the runs, each by another scanner; returns the truth by serial."""
    stacks = [
        _stack(run, _SCANNERS[place % len(_SCANNERS)], _seed(seed, place)) for place, run in enumerate(runs)
    ]
    # One sheet goes through the scanner twice, and one slip bears a number that somebody made up.
    again = replace(stacks[0], pages=(1,), feeding=1)
    forged = replace(stacks[-1], run=_forge(runs[-1], folder, seed), pages=(1,), harm=(), harm_on={})
    scanned = simulate_stacks([again, forged, *stacks], os.cpu_count() or 1)
    strange = [*next(scanned), *next(scanned)]
    truths: dict[str, Truth] = {}
    for run, stack, pages in zip(runs, stacks, scanned, strict=True):
        together: list[tuple[Picture, Truth]] = pages + strange if stack is stacks[-1] else pages
        write_scan(together, folder / f"{run.form.form}-{stack.dpi}dpi-{stack.depth.value}.pdf")
        truths |= {truth.serial: truth for _, truth in pages}
        tell("scanning", len(truths), slips)
    forged.run.path.unlink()
    return truths


def _stack(run: _Run, scanner: tuple[Depth, int], seed: int) -> Stack:
    depth, dpi = scanner
    back = run.issue.count - _LEFT_IN_STOCK
    turned = range(_UPSIDE_DOWN_EVERY, back + 1, _UPSIDE_DOWN_EVERY)
    return Stack(
        PrintedRun(run.printed, run.form, run.issue.count),
        dpi,
        depth,
        seed,
        harm=(ORDINARY,),
        harm_on={page: ("upside-down",) for page in turned},
        pages=tuple(range(1, back + 1)),
    )


def _forge(run: _Run, folder: Path, seed: int) -> PrintedRun:
    """Print a slip with the right pattern and check characters, whose guard letters are guessed."""
    guessed = replace(run.issue, key=hashlib.sha256(f"guess {seed}".encode()).digest())
    target = folder / "forged.print"
    print_forms(run.form, [guessed.serial(run.issue.first)], target, run=run.issue.run)
    return PrintedRun(target, run.form, 1)


def _read(office: Office, scans: Sequence[Path], pages: int, tell: Tell) -> Receipt:
    """Read the scans as ``omr read`` does."""
    done = 0

    def seen(result: object) -> None:
        nonlocal done
        done += 1
        tell("reading", done, pages)

    return office.read(Orders(), scans, seen=seen)


def _misread(slip: CurrentSlip, truths: Mapping[str, Truth]) -> list[str]:
    """Return what the machine accepted on a slip and nobody meant, one line each."""
    truth = truths[slip.serial]
    accepted = {
        key: answer.codes for key, answer in slip.answers.items() if answer.state is not AnswerState.DOUBTFUL
    }
    return [
        f"{slip.serial} {key}: {'+'.join(accepted[key])} / {'+'.join(truth.answers[key])}"
        for key in misread(truth.answers, accepted)
    ]


def _annotate(scans: Sequence[Path], desk: Desk, folder: Path) -> float:
    """Draw some pages of each scan; return the CPU time of reading them over that of decoding them.

    Both are spent in this process, where every second of it is seen.
    """
    pages = [page for scan in scans for page in islice(open_pages(scan), _SHOWN)]
    read_page(pages[0], desk)  # libraries are loaded, tables made
    spent = [0.0, 0.0]
    for page in pages:
        started = time.process_time()
        _decode(page)
        decoded = time.process_time()
        result = read_page(page, desk)
        spent[0] += decoded - started
        spent[1] += time.process_time() - decoded
        write_overlay(page, result, folder)
    return spent[1] / spent[0]


def _decode(page: EncodedPage) -> None:
    """Decode a page to grey, as a program would that does nothing else."""
    if page.data.startswith(b"\xff\xd8"):
        cv2.imdecode(np.frombuffer(page.data, np.uint8), cv2.IMREAD_GRAYSCALE)
    else:
        decode(page)
