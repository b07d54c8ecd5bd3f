"""Slips as the reader gives them, without pictures: a small form, a scanner with known outcomes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from argon2 import PasswordHasher
from PIL import Image

from omr.forms.serial import Issue
from omr.forms.template import Form, Kind, Option, Question
from omr.geometry import Box
from omr.means import Means
from omr.office import Office
from omr.reading.ink.measure import MarkReading
from omr.reading.marks.calibrate import Calibration
from omr.reading.marks.decide import Answer, BoxVerdict
from omr.reading.place.align import AlignedPage
from omr.reading.place.identify import IdentifiedPage
from omr.reading.reader import BlankBack, ReadPage, RejectedPage
from omr.reading.scan.pages import EncodedPage
from omr.records.anew.redecide import Judge
from omr.records.batches.receipt import Receipt
from omr.records.intake.intake import PAGES_PER_ACT
from omr.records.intake.orders import Orders
from omr.records.store.store import Store
from omr.steps import each
from omr.words import AnswerState, BoxState
from omr.workspace import Workspace

# Argon2 with the least work: the tests sign in some hundred times.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
LEVELS = ("5", "4", "3", "2", "1")


def question(
    key: str, kind: Kind = Kind.LIKERT, codes: Sequence[str] = LEVELS, overall: bool = False
) -> Question:
    options = tuple(
        Option(code, f"mức {code}", code in "54", Box(10.0 + 10 * at, 50.0, 4.5, 4.5))
        for at, code in enumerate(codes)
    )
    return Question(key, kind, f"Câu {key}", "Chung", kind is Kind.LIKERT, overall, options, None)


FORM = Form(
    form="DL-01",
    digit=1,
    revision="1",
    title="Phiếu thử",
    field="Thử",
    paper="A5",
    language="vi",
    questions=(
        question("A1", Kind.SINGLE, ("1", "2")),
        question("B1"),
        question("B2"),
        question("B3"),
        question("B10", overall=True),
    ),
    art=(),
)


def quick_print(
    form: Form, serials: Iterable[object], target: Path, *, run: str, electronic_url: str = ""
) -> None:
    """Print quickly: one page that names its run, as the real one does."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(target))
    canvas.setKeywords(f"omr form={form.form} fingerprint={'0' * 64} run={run}")
    canvas.drawString(10, 10, f"{len(list(each('printing', serials)))} {electronic_url}")
    canvas.save()


def answer(key: str, said: str) -> Answer:
    """``"5"`` answered, ``""`` nothing, ``"5 4"`` multiple, ``"?"`` doubtful."""
    if said == "?":
        return Answer(key, AnswerState.DOUBTFUL, (), 0.6)
    codes = tuple(said.split())
    state = (AnswerState.NO_ANSWER, AnswerState.ANSWERED, AnswerState.MULTIPLE)[min(len(codes), 2)]
    return Answer(key, state, codes if state is AnswerState.ANSWERED else (), 0.99)


def slip(run: Issue, number: int, form: Form = FORM, page: int = 1, **said: str) -> ReadPage:
    """A slip that was read; questions not named are answered with 5 (those of another form not at all)."""
    fiducial = AlignedPage(None, np.eye(2, 3), 200.0, 0.05)
    form, is_usual = form.page(page), form is FORM
    usual = {"A1": "1"} | {key: "5" for key in ("B1", "B2", "B3", "B10")}
    given = (usual if is_usual else {q.key: "" for q in form.questions if q.options}) | said
    marks = tuple(
        MarkReading(q.key, o.code, np.zeros((4, 2)), (0.25, 0.1 * at))
        for q in form.questions
        for at, o in enumerate(q.options)
    )
    verdicts = tuple(
        BoxVerdict(
            q.key,
            o.code,
            BoxState.DOUBTFUL if given[q.key] == "?" else BoxState.BLANK,
            0.6,
            given[q.key] == "?",
        )
        for q in form.questions
        for o in q.options
    )
    identified = IdentifiedPage(fiducial, run.serial(number), run, ("ladder", "qr"), page)
    return ReadPage(
        identified, marks, verdicts, tuple(answer(key, value) for key, value in given.items()), "default"
    )


BLANK = BlankBack("", 0)


def rejected(reason: str = "no_serial", **measured: object) -> RejectedPage:
    return RejectedPage("", 0, reason, measured)


Outcome = ReadPage | BlankBack | RejectedPage


def _picture(shade: int) -> Image.Image:
    picture = Image.new("L", (300, 300), 200)
    picture.putpixel((shade % 300, shade // 300), 0)
    return picture


@dataclass
class Scanner:
    """Makes scanned files whose pages have known outcomes, and reads them back."""

    folder: Path
    store: Store
    workspace: Workspace
    pages: dict[tuple[str, int], Outcome] = field(default_factory=dict)
    pages_per_act: int = PAGES_PER_ACT
    made: int = 0

    def scan(self, name: str, *outcomes: Outcome, shades: Sequence[int] | None = None) -> Path:
        """Write a TIFF with one page per outcome; equal shades are equal pictures."""
        first = self.made
        self.made += len(outcomes)
        self.pages |= {(name, at): outcome for at, outcome in enumerate(outcomes, start=1)}
        own = shades or range(first, self.made)
        pictures = (_picture(shade) for shade in own)
        path = self.folder / name
        next(pictures).save(path, save_all=True, append_images=pictures, compression="tiff_lzw")
        return path

    def read(self, pages: Iterable[EncodedPage]) -> Iterator[Outcome]:
        for page in pages:
            outcome = self.pages[page.file, page.page]
            yield (
                outcome if isinstance(outcome, ReadPage) else replace(outcome, file=page.file, page=page.page)
            )

    def take_in(
        self,
        *files: Path,
        read: Callable[..., Iterator[Outcome]] | None = None,
        waits: Callable[[str], None] = lambda batch: None,
        **told: object,
    ) -> Receipt:
        office = Office(self.workspace, self.store, "test", KnownMeans(self))
        reads = read or self.read
        return office.read(Orders(**told), files, lambda pages, desk: reads(pages), waits=waits)


def open_to_others(folder: Path) -> list[str]:
    """Return what of a folder, however deep, others than its owner may read or enter."""
    inside = [folder, *folder.rglob("*")] if os.name != "nt" else []
    return [str(one) for one in inside if not one.is_symlink() and one.stat().st_mode & 0o077]


class KnownMeans(Means):
    """Forms that print quickly, and a reader that knows what its scanner made."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.decide: Judge | None = None

    @property
    def hasher(self) -> PasswordHasher:
        return QUICK

    def find_form(self, name: str, own: Path | None) -> Form:
        return replace(FORM, form=name, digit=int(name[-1]))

    def print_forms(self, *arguments: Any, **more: Any) -> None:
        quick_print(*arguments, **more)

    def calibration(self, name: str | None, own: Path | None) -> Calibration:
        return replace(super().calibration(None, None), name=name or "default")

    @property
    def pages_per_act(self) -> int:
        return self.scanner.pages_per_act

    def read_pages(self, pages: Iterable[EncodedPage], desk: object, **how: object) -> Iterator[Outcome]:
        return self.scanner.read(pages)

    @property
    def judge(self) -> Judge:
        return self.decide or super().judge
