"""Scans whose lines went astray in a buffer: chunks of lines or columns repeated, overwritten, lost, swapped.

    python bench ink displaced [--pages 2000]

The marks of such a page stand beside other rows' print than they were made at, and nothing looks
torn. A page may be refused or asked about; no answer may be read that was not given. Half of the
chunks are about as long as rows or columns are apart: those move marks from box to box.

The slips are built here: printed, crossed with plain lines, scanned by `ink_scanner`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final

import click
import cv2
import numpy as np
from harness import measurement, seed_option, upper_bound

from ink.made.pages import printed
from ink.made.scanner import SHEET_DPI, Pixels, Settings, encoded, picture_of
from ink.slips import desk
from omr.forms.layout import list_forms
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


def trial(job: tuple[str, str, int, int]) -> Outcome:
    """Build one page, disturb it, read it."""
    fault, along, number, seed = job
    cv2.setNumThreads(1)
    rng = np.random.default_rng([seed, number, list(FAULTS).index(fault), along == "lines"])
    forms = list_forms(None)
    at = number % len(forms)
    serials, sheets = printed(at, seed)
    page = int(rng.integers(len(sheets)))
    paper, answers = filled(forms[at], sheets[page], rng)
    depth = "1-bit" if rng.random() < 0.3 else "grey"
    settings = Settings.draw(rng, depth, int(rng.choice([150, 200, 300]))).but(around=1.0)
    whole = picture_of(paper, settings, rng)
    astray = disturb(whole, forms[at], fault, along, settings.dpi, rng)
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


def jobs(pages: int, seed: int) -> Iterator[tuple[str, str, int, int]]:
    """Spread pages over faults and directions."""
    ways = [(fault, along) for fault in FAULTS for along in ("lines", "columns")]
    for number in range(pages):
        fault, along = ways[number % len(ways)]
        yield fault, along, number // len(ways), seed


@measurement(__doc__)
@click.option("--pages", default=2000, show_default=True)
@seed_option
@click.option("--workers", default=1, show_default=True)
def main(pages: int, seed: int, workers: int) -> int:
    """Run the pages; 1 where an answer was read that was not given."""
    with ProcessPoolExecutor(workers) as pool:
        outcomes = list(pool.map(trial, jobs(pages, seed), chunksize=8))
    columns = ("read", "asked", "refused", "silent")
    print(f"{'fault':<24}{'pages':>7}" + "".join(f"{name:>9}" for name in columns))
    for fault in (*FAULTS, "all"):
        for along in ("lines", "columns"):
            own = [o for o in outcomes if fault in (o.fault, "all") and o.along == along]
            count = Counter(o.became for o in own)
            print(
                f"{fault + ', ' + along:<24}{len(own):>7}" + "".join(f"{count[name]:>9}" for name in columns)
            )
    silent = [o for o in outcomes if o.became == "silent"]
    print(f"silent {len(silent)} of {len(outcomes)}, at most {upper_bound(len(silent), len(outcomes)):.1e}")
    for o in silent:
        print(f"  silent: {o.fault}, {o.along} {o.number}: {o.why}")
    return 1 if silent else 0
