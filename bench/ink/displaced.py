"""Scans whose lines went astray in a buffer: chunks of lines or columns repeated, overwritten, lost, swapped.

    python bench ink displaced [--pages 2000]      a run goes on where it was interrupted

The marks of such a page stand beside other rows' print than they were made at, and nothing looks
torn. A page may be refused or asked about; no answer may be read that was not given. Half of the
chunks are about as long as rows or columns are apart: those move marks from box to box.

The slips are built here: printed, crossed with plain lines, scanned by `ink_scanner`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import astuple, dataclass
from itertools import product
from pathlib import Path
from typing import Final

import click
import cv2
import numpy as np
from harness import Line, calibrations, measured_with, measurement, resumable, resumed, table, upper_bound

from ink.made.pages import forms, printed
from ink.made.scanner import SHEET_DPI, Pixels, Settings, encoded, picture_of
from ink.slips import desk
from omr.forms.template import Form
from omr.reading.reader import BlankBack, ReadPage, read_page
from omr.reading.scan.pages import EncodedPage, Encoding
from omr.words import AnswerState

Rng = np.random.Generator
MARGIN_MM: Final = 25.0  # of the page's ends that stay whole: chunks that hit a marker are refused anyway


def repeated(picture: Pixels, at: int, lines: int) -> Pixels:
    """Send a chunk twice: what follows moves down, and the page's end is lost."""
    return np.concatenate([picture[: at + lines], picture[at:]])[: len(picture)]


def overwritten(picture: Pixels, at: int, lines: int) -> Pixels:
    """Send a chunk once more in the place of the next one: all else stays where it was."""
    out = picture.copy()
    lines = min(lines, len(picture) - at - lines)
    out[at + lines : at + 2 * lines] = picture[at : at + lines]
    return out


def lost(picture: Pixels, at: int, lines: int) -> Pixels:
    """Drop a chunk: what follows moves up, and the page ends in white."""
    gap = np.full_like(picture[:lines], 255)
    return np.concatenate([picture[:at], picture[at + lines :], gap])


def cut_out(picture: Pixels, at: int, lines: int) -> Pixels:
    """Drop a chunk, and the page is so much shorter."""
    return np.concatenate([picture[:at], picture[at + lines :]])


def swapped(picture: Pixels, at: int, lines: int) -> Pixels:
    """Deliver two chunks in the wrong order."""
    out = picture.copy()
    lines = min(lines, (len(picture) - at) // 2)
    out[at : at + lines] = picture[at + lines : at + 2 * lines]
    out[at + lines : at + 2 * lines] = picture[at : at + lines]
    return out


FAULTS: Final[dict[str, Callable[[Pixels, int, int], Pixels]]] = {
    "repeated": repeated,
    "overwritten": overwritten,
    "lost": lost,
    "cut out": cut_out,
    "swapped": swapped,
}
WAYS: Final = tuple(product(FAULTS, ("lines", "columns")))
BECAME: Final = ("read", "asked", "refused", "silent")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one page."""

    fault: str
    along: str  # lines or columns
    number: int
    became: str  # read, asked, refused, silent
    why: str


def filled(form: Form, sheet: Pixels, rng: Rng) -> tuple[Pixels, dict[str, str]]:
    """Cross one box a question; some questions stay empty. The paper and the answers."""
    paper, px = sheet.copy(), SHEET_DPI / 25.4
    answers = {}
    for question in form.questions:
        if not question.options or rng.random() < 0.15:
            continue
        option = question.options[int(rng.integers(len(question.options)))]
        answers[question.key] = option.code
        centre, reach = np.array(option.box.centre_mm), rng.uniform(1.4, 2.2)
        for sign in (-1, 1):
            ends = (
                np.array([[-reach, -sign * reach], [reach, sign * reach]])
                + centre
                + rng.normal(0, 0.2, (2, 2))
            )
            (x0, y0), (x1, y1) = np.round(ends * px).astype(int).tolist()
            cv2.line(paper, (x0, y0), (x1, y1), 60, round(0.45 * px), cv2.LINE_AA)
    return paper, answers


def disturb(picture: Pixels, form: Form, fault: str, along: str, dpi: int, rng: Rng) -> Pixels:
    """Let a chunk of lines or columns go astray."""
    turned = np.ascontiguousarray(picture.T) if along == "columns" else picture
    px = dpi / 25.4
    apart = _pitch_mm(form, along)
    length_mm = float(
        rng.normal(apart * rng.choice([1, 1, 2, 3]), 0.25) if rng.random() < 0.5 else rng.uniform(0.5, 40)
    )
    lines = max(2, round(length_mm * px))
    edge = round(MARGIN_MM * px) if along == "lines" else round(8 * px)
    at = int(rng.integers(edge, max(edge + 1, len(turned) - edge - lines)))
    out = FAULTS[fault](turned, at, lines)
    return np.ascontiguousarray(out.T) if along == "columns" else out


def _pitch_mm(form: Form, along: str) -> float:
    centres = [o.box.centre_mm[1 if along == "lines" else 0] for q in form.questions for o in q.options]
    steps = np.diff(np.unique(np.round(centres, 1)))
    return float(np.median(steps[steps > 3]))


def trial(fault: str, along: str, number: int, seed: int) -> Outcome:
    """Build one page, disturb it, read it."""
    rng = np.random.default_rng([seed, number, list(FAULTS).index(fault), along == "lines"])
    at = number % len(forms())
    form = forms()[at]
    serials, sheets = printed(at, seed)
    page = int(rng.integers(len(sheets)))
    paper, answers = filled(form, sheets[page], rng)
    depth = "1-bit" if rng.random() < 0.3 else "grey"
    settings = Settings.draw(rng, depth, int(rng.choice([150, 200, 300]))).but(around=1.0)
    whole = picture_of(paper, settings, rng)
    astray = disturb(whole, form, fault, along, settings.dpi, rng)
    result = read_page(EncodedPage("astray", 1, Encoding.PICTURE, encoded(astray, settings)), desk(seed))
    if not isinstance(result, ReadPage):
        became = "silent" if isinstance(result, BlankBack) else "refused"
        return Outcome(fault, along, number, became, getattr(result, "reason", "taken for a blank back"))
    if result.doubts:
        return Outcome(fault, along, number, "asked", " ".join(result.doubts))
    if str(result.page.serial) != serials[page]:
        return Outcome(fault, along, number, "silent", "another serial")
    wrong = [
        f"{answer.question}: {'/'.join(answer.codes) or 'none'} for {answers.get(answer.question, 'none')}"
        for answer in result.answers
        if answer.state is not AnswerState.DOUBTFUL
        and set(answer.codes) != ({answers[answer.question]} if answer.question in answers else set())
    ]
    if wrong:
        return Outcome(fault, along, number, "silent", ", ".join(wrong))
    asked = [answer.question for answer in result.answers if answer.state is AnswerState.DOUBTFUL]
    return Outcome(fault, along, number, "asked" if asked else "read", " ".join(asked))


def work(piece: tuple[int, int]) -> Line:
    """Try a page of each fault along each direction, in a worker process."""
    cv2.setNumThreads(1)
    seed, number = piece
    return {"outcomes": [astuple(trial(*way, number, seed)) for way in WAYS]}


def row(name: str, outcomes: list[Outcome]) -> dict[str, object]:
    """Count what became of pages."""
    count = Counter(one.became for one in outcomes)
    return {"fault": name, "pages": len(outcomes)} | {what: count[what] for what in BECAME}


@measurement(__doc__)
@click.option("--pages", default=2000, show_default=True)
@resumable("displaced")
def main(pages: int, seed: int, workers: int, state: Path, csv: Path) -> int:
    """Run what is missing; 1 where an answer was read that was not given."""
    pieces = {f"{seed}|{number}": (seed, number) for number in range(-(-pages // len(WAYS)))}
    version = measured_with(calibrations())
    done = resumed(pieces, work, state=state, version=version, workers=workers)
    outcomes = [Outcome(*one) for key in pieces for one in done[key]["outcomes"]]
    rows = [
        row(f"{fault}, {along}", [one for one in outcomes if (one.fault, one.along) == (fault, along)])
        for fault, along in WAYS
    ]
    table([*rows, row("all", outcomes)], to=csv)
    silent = [one for one in outcomes if one.became == "silent"]
    print(f"silent {len(silent)} of {len(outcomes)}, at most {upper_bound(len(silent), len(outcomes)):.1e}")
    for one in silent:
        print(f"  silent: {one.fault}, {one.along} {one.number}: {one.why}")
    return 1 if silent else 0
