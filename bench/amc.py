"""Auto Multiple Choice from Debian (``apt-get install auto-multiple-choice``) on a form of its own.

Its LaTeX class lays out a page with as many boxes as our A4 form has, every copy with its own
number; one cross a question is drawn where its own layout database says the boxes are, the pages
are scanned as JPEG with a scanner's grain, and its two commands read them.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pypdfium2 as pdfium
from outside import Cost, cost_of, run_silently

from omr.geometry import MM_PER_INCH
from omr.reading.scan.pages import Depth
from omr.simulate.scans import write_pdf
from omr.simulate.slips import Picture

NAME: Final = "Auto Multiple Choice"
PROGRAM: Final = "auto-multiple-choice"
QUESTIONS: Final = 13
CHOICES: Final = 5
QUALITY: Final = 80  # of the JPEG, as our own simulated scanner has it
GRAIN: Final = 4.0  # grey levels
PAPER: Final = 6  # grey levels below white
PEN: Final = (150, 40, 30)  # blue ballpoint, BGR
LINE_MM: Final = 0.4


class AutoMultipleChoice:
    """A project of its own with scanned copies, read by ``getimages`` and ``analyse``."""

    def __init__(self, project: Path, scan: Path, pages: int) -> None:
        self._project, self._scan, self._pages = project, scan, pages

    @classmethod
    def prepare(cls, scratch: Path, pages: int, dpi: int) -> AutoMultipleChoice | str:
        """Lay out, print, fill and scan the copies, now or earlier; why that cannot be, where it cannot."""
        if shutil.which(PROGRAM) is None:
            return f"apt-get install --no-install-recommends {PROGRAM} (1.9 GB with TeX)"
        project = scratch / f"amc-{pages}-{dpi}"
        scan = project / "scan.pdf"
        if not scan.exists():
            shutil.rmtree(project, ignore_errors=True)
            (project / "data").mkdir(parents=True)
            (project / "form.tex").write_text(_source(pages), encoding="utf-8")
            names = ["--out-sujet", "subject.pdf", "--out-corrige", "correction.pdf"]
            names += ["--out-calage", "boxes.xy", "--data", "data"]
            run_silently([PROGRAM, "prepare", "--mode", "s", "--prefix", "./", *names, "form.tex"], project)
            run_silently([PROGRAM, "meptex", "--src", "boxes.xy", "--data", "data"], project)
            _fill_and_scan(project, scan, dpi)
        return cls(project, scan, pages)

    def read(self) -> Cost:
        """Read the stack: split the PDF into pictures, find the boxes and measure them.

        Raises
        ------
        RuntimeError
            Not every page was read.
        """
        work = self._project / "read"
        shutil.rmtree(work, ignore_errors=True)
        for name in ("cr", "scans"):
            (work / name).mkdir(parents=True)
        shutil.copytree(self._project / "data", work / "data")
        (work / "list.txt").write_text(f"{self._scan}\n", encoding="utf-8")
        getimages = [PROGRAM, "getimages", "--copy-to", "scans", "--list", "list.txt"]
        analyse = [PROGRAM, "analyse", "--data", "data", "--cr", "cr", "--liste-fichiers", "list.txt"]
        cost = cost_of([getimages, analyse], work, self._scan)
        with closing(sqlite3.connect(work / "data" / "capture.sqlite")) as database:
            (read,) = database.execute(
                "SELECT count(*) FROM capture_page WHERE timestamp_auto > 0"
            ).fetchone()
        if read != self._pages:
            raise RuntimeError(f"{NAME} read {read} of {self._pages} pages")
        return cost


def _source(copies: int) -> str:
    choices = "".join(
        f"\\{'correct' if number == 1 else 'wrong'}choice{{{number}}}" for number in range(1, CHOICES + 1)
    )
    questions = "\n".join(
        f"\\begin{{question}}{{q{number}}}How content are you with point {number}?"
        f"\\begin{{choiceshoriz}}[o]{choices}\\end{{choiceshoriz}}\\end{{question}}"
        for number in range(1, QUESTIONS + 1)
    )
    return (
        "\\documentclass[a4paper]{article}\n\\usepackage[utf8]{inputenc}\n"
        "\\usepackage[box]{automultiplechoice}\n\\begin{document}\n"
        f"\\onecopy{{{copies}}}{{\\namefield{{\\fbox{{Name: \\hspace{{6cm}}}}}}\n\n{questions}\n}}\n"
        "\\end{document}\n"
    )


def _fill_and_scan(project: Path, scan: Path, dpi: int) -> None:
    with closing(sqlite3.connect(project / "data" / "layout.sqlite")) as database:
        boxes = database.execute(
            "SELECT subjectpage, question, xmin / dpi, ymin / dpi, xmax / dpi, ymax / dpi"
            " FROM layout_box JOIN layout_page USING (student, page)"
            " ORDER BY subjectpage, question, answer"
        ).fetchall()
    options: dict[int, dict[int, list[tuple[float, ...]]]] = {}
    for page, question, *inches in boxes:
        options.setdefault(page, {}).setdefault(question, []).append(tuple(inches))
    rng = np.random.default_rng(1)
    pictures = []
    with pdfium.PdfDocument(project / "subject.pdf") as document:
        for number, page in enumerate(document, start=1):
            picture = np.array(page.render(scale=dpi / 72).to_numpy()[..., :3], np.uint8)
            for of_question in options[number].values():
                _cross(picture, np.array(of_question[int(rng.integers(len(of_question)))]) * dpi, dpi)
            grain = rng.normal(-PAPER, GRAIN, picture.shape)
            scanned = np.clip(picture + grain, 0, 255).astype(np.uint8)
            data = cv2.imencode(".jpg", scanned, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
            height, width = scanned.shape[:2]
            pictures.append(Picture(data, "jpeg", width, height, dpi, Depth.COLOUR))
    write_pdf(pictures, scan)


def _cross(picture: np.ndarray, box_px: np.ndarray, dpi: int) -> None:
    left, top, right, bottom = np.rint(box_px).astype(int).tolist()
    width = max(1, round(LINE_MM * dpi / MM_PER_INCH))
    cv2.line(picture, (left, top), (right, bottom), PEN, width, cv2.LINE_AA)
    cv2.line(picture, (left, bottom), (right, top), PEN, width, cv2.LINE_AA)
