"""One slip of ours, filled in with real ink and scanned: made from kind, number and seed, with its truth."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import cv2
import numpy as np
import pypdfium2 as pdfium

from ink.made.hands import Hand, hands, paler
from ink.made.harms import everyday
from ink.made.kinds import KINDS, WITHDRAWN_BY_INK
from ink.made.lesson import lesson
from ink.made.paper import Slip
from ink.made.scanner import DEPTHS, SHEET_DPI, Pixels, Settings, encoded, on_scan, picture_of
from ink.made.sought import SOUGHT
from omr.forms.layout import list_forms
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue
from omr.forms.template import Form, fingerprint

PER_RUN: Final = 8  # slips of one print run
_RESOLUTIONS: Final = (150, 200, 200, 300)
_SEEN_MM2: Final = 0.08  # five pixels at 200 dpi
_LOOKED_MM: Final = 2.4  # around a mark's middle
FURTHER: Final = {"everyday": everyday, "lesson": lesson, **SOUGHT}  # beside the kinds of trouble
_FILLERS: Final = 0.12  # of everyday slips by people who fill boxes


@dataclass(frozen=True, slots=True)
class Made:
    """A scanned slip and what is right about it."""

    file: bytes
    truth: dict[str, Any]
    form: Form
    settings: Settings


@cache
def forms() -> tuple[Form, ...]:
    """Return our forms: laying them out and checking them takes longer than making a slip."""
    return tuple(list_forms(None))


def issue_of(form: Form, seed: int) -> Issue:
    """Return the print run that a form's slips of a seed belong to."""
    first = 1 + PER_RUN * [other.form for other in forms()].index(form.form)
    key = seed.to_bytes(32, "big")
    return Issue(
        form.form, form.form, fingerprint(form), "PC06", "2026-11", form.digit, 26, first, PER_RUN, key
    )


@cache
def printed(form_at: int, seed: int) -> tuple[list[str], list[Pixels]]:
    """Print a form's run and render it at SHEET_DPI, grey; the serials and the pages."""
    form = forms()[form_at]
    issue = issue_of(form, seed)
    serials = list(issue.serials())
    with TemporaryDirectory() as folder:
        file = Path(folder) / "run.pdf"
        print_forms(form, serials, file, run=issue.run)
        with pdfium.PdfDocument(file) as document:
            sheets = [
                np.array(page.render(scale=SHEET_DPI / 72, grayscale=True).to_numpy(), np.uint8).squeeze()
                for page in document
            ]
    return [str(serial) for serial in serials], sheets


def _toner(sheet: Pixels, rng: np.random.Generator) -> Pixels:
    """Return what a printer makes of a page: edges moved a little, black that is not quite black."""
    soft = cv2.GaussianBlur(sheet, (0, 0), float(rng.uniform(0.7, 1.5)))
    fat = rng.normal(0, 22)
    light = np.arange(256, dtype=np.float32)
    edge = 1 / (1 + np.exp(-(light - 128 - fat) / 22))
    edge = (edge - edge[0]) / (edge[-1] - edge[0])
    # Grey rules and tints stay grey: only near black and white is the curve steep.
    black = rng.uniform(15, 55)
    return np.asarray(cv2.LUT(soft, np.clip(black + (255 - black) * edge, 0, 255).astype(np.uint8)), np.uint8)


def make(kind: str, number: int, seed: int, half: str | None, people: Sequence[Hand] | None = None) -> Made:
    """Make one slip; the same arguments give the same slip.

    Parameters
    ----------
    kind : str
        ``"everyday"`` or one of `KINDS`.
    number, seed : int
    half : str, optional
        Only people of that half of the sources.
    people : sequence of Hand, optional
        Who fills in slips; everybody of the real scans.
    """
    among = [hand for hand in hands() if half in (None, hand.half)] if people is None else people
    own = int.from_bytes(hashlib.sha256(f"{seed}|{kind}|{number}|{half}".encode()).digest()[:8], "big")
    rng = np.random.default_rng(own)
    form_at = int(rng.integers(len(forms())))
    form = forms()[form_at]
    serials, sheets = printed(form_at, seed)
    at = int(rng.integers(len(sheets)))
    depth = DEPTHS[number % len(DEPTHS)]
    settings = Settings.draw(rng, depth, int(_RESOLUTIONS[int(rng.integers(len(_RESOLUTIONS)))]))
    paper = _toner(sheets[at], rng)
    if depth == "colour":
        paper = np.asarray(cv2.cvtColor(paper, cv2.COLOR_GRAY2BGR), np.uint8)
    hand = _today(_hand(rng, among, may_fill=kind not in WITHDRAWN_BY_INK), rng)
    slip = Slip(form, paper.copy(), paper, hand, among, settings, rng)
    (FURTHER.get(kind) or KINDS[kind])(slip)
    pass_ = int(rng.integers(2**32))
    picture = picture_of(slip.paper, slip.settings, np.random.default_rng(pass_))
    if slip.settings.depth == "1-bit":  # a pale stroke may leave nothing at all
        _forget_unseen(slip, picture, picture_of(slip.clean, slip.settings, np.random.default_rng(pass_)))
    file = encoded(picture, slip.settings)
    truth = {
        "kind": kind, "number": number, "seed": seed, "form": form.form, "serial": serials[at],
        "depth": slip.settings.depth, "dpi": slip.settings.dpi,
        "person": hand.person, "source": hand.source, "half": hand.half, "fills": hand.fills,
        "touched": slip.touched,
        "questions": {
            q.key: {
                "accept": slip.accept[q.key],  # sets of codes; none: only asking is right
                "boxes": {o.code: slip.states.get(q.key, {}).get(o.code, "blank") for o in q.options},
            }
            for q in slip.questions
        },
    }  # fmt: skip
    return Made(file, truth, form, slip.settings)


def _forget_unseen(slip: Slip, picture: Pixels, clean: Pixels) -> None:
    """Accept what is left where the scan shows nothing of a mark: less than `_SEEN_MM2` of its ink."""
    settings, px = slip.settings, slip.settings.dpi / 25.4
    sheet_mm = slip.form.frame.width_mm, slip.form.frame.height_mm
    # A pixel more or less at the rim of print is no mark to anybody.
    near_print = cv2.erode(clean, np.ones((3, 3), np.uint8)) == 0
    changed = (picture != clean) & ~near_print
    for (key, code), place in slip.places.items():
        x, y = on_scan(settings, place, sheet_mm)
        half = _LOOKED_MM * px
        part = changed[max(0, round(y - half)) : round(y + half), max(0, round(x - half)) : round(x + half)]
        if part.sum() >= _SEEN_MM2 * px**2:
            continue
        marked = slip.states[key]
        marked[code] = "unseen"
        accept = slip.accept[key]
        left = [tuple(c for c in codes if c != code) for codes in accept]
        if not accept:  # only asking was right, because of what is not seen
            left = [tuple(c for c, state in marked.items() if state == "mark")]
        accept += [codes for codes in left if codes not in accept]


def _hand(rng: np.random.Generator, people: Sequence[Hand], *, may_fill: bool) -> Hand:
    """Pick a person: each source as often as another, each person of a source too."""
    fills = bool(rng.random() < _FILLERS) and may_fill
    able = [h for h in people if h.fills == fills] or list(people)
    sources = sorted({h.source for h in able})
    source = sources[int(rng.integers(len(sources)))]
    among = [h for h in able if h.source == source]
    if source != "sbs" and rng.random() < 0.5:  # half of the slips by anybody: sources of one person are few
        among = able
    return among[int(rng.integers(len(among)))]


def _today(hand: Hand, rng: np.random.Generator) -> Hand:
    """Return the person on one day: writing larger or smaller, with a pen of more or less ink."""
    return replace(
        paler(hand, float(np.clip(rng.normal(0.95, 0.1), 0.7, 1.1))),
        scale=hand.scale * float(np.clip(rng.normal(1.05, 0.12), 0.8, 1.35)),
    )
