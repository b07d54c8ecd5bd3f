"""Read a stack as a user of another program would, each program its own form: ``python bench speed peers``.

Every program reads as many colour pages at 200 dpi, one after the other and in turn; the figure
is CPU time from the scanned file to kept results, and the ratio of pages per second of one core.
A letter page (MarkShark) has 3 % less paper than A4. What is not installed and cannot be is named.

- omr on its A4 form.
- MarkShark from PyPI, in an environment of its own, on its own form and mock scans.
- Auto Multiple Choice from Debian (``apt-get install auto-multiple-choice``). Its LaTeX class lays out a
  page with as many boxes as our A4 form has, every copy with its own number; one cross a question is
  drawn where its own layout database says the boxes are, the pages are scanned as JPEG with a scanner's
  grain, and its two commands read them.
"""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import click
import cv2
import numpy as np
import pikepdf
import pypdfium2 as pdfium
from harness import cpu_s, machine, measurement, path_option

from omr.geometry import MM_PER_INCH
from omr.reading.scan.pages import Depth
from omr.simulate.scans import write_pdf
from omr.simulate.slips import Picture
from speed.costs import apart, read_once
from speed.pages import Kind, Made, default_scratch, make

# --- what a run costs ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took a page, ms."""

    cpu_ms: float
    wall_ms: float
    decode_ms: float  # CPU time of decoding the same pictures to grey, and nothing else


def cost_of(commands: Sequence[Sequence[str]], folder: Path, scan: Path) -> Cost:
    """Run commands one after the other in a folder, and share their cost out over the scan's pages.

    Raises
    ------
    subprocess.CalledProcessError
        One of them failed.
    """
    started, started_cpu = time.perf_counter(), cpu_s()
    for command in commands:
        run_silently(command, folder)
    cpu, wall = cpu_s() - started_cpu, time.perf_counter() - started
    pictures = _pictures(scan)
    return Cost(1000 * cpu / len(pictures), 1000 * wall / len(pictures), _decode_ms(pictures))


def run_silently(command: Sequence[str], folder: Path) -> None:
    """Run a command in a folder; what it says is not shown."""
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _pictures(scan: Path) -> list[np.ndarray]:
    """Return every page's one JPEG, encoded."""
    with pikepdf.open(io.BytesIO(scan.read_bytes())) as pdf:
        return [
            np.frombuffer(next(iter(page.get_images().values())).read_raw_bytes(), np.uint8)
            for page in pdf.pages
        ]


def _decode_ms(pictures: Sequence[np.ndarray]) -> float:
    """Return the CPU time of decoding pictures to grey, ms each."""
    started = time.process_time()
    for picture in pictures:
        cv2.imdecode(picture, cv2.IMREAD_GRAYSCALE)
    return 1000 * (time.process_time() - started) / len(pictures)


# --- MarkShark -----------------------------------------------------------------------------------

MARKSHARK: Final = "MarkShark"
RELEASE: Final = "markshark==1.2.0"
TEMPLATE: Final = "60Q standard"  # 60 questions of 5 bubbles on one letter page, ArUco markers


class MarkShark:
    """A stack of its mock scans, and its one command that grades them."""

    def __init__(self, program: Path, scan: Path, dpi: int) -> None:
        self._program, self._scan, self._dpi = program, scan, dpi

    @classmethod
    def prepare(cls, scratch: Path, pages: int, dpi: int) -> MarkShark | str:
        """Install it and make its scans, now or earlier; why that cannot be, where it cannot."""
        home, folder = scratch / "markshark", scratch / f"markshark-{pages}"
        program, scan = home / "bin" / "markshark", folder / "mock_scans.pdf"
        if not program.exists():
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
            pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", RELEASE]
            if subprocess.run(pip, check=False).returncode:
                shutil.rmtree(home)
                return f"{RELEASE} could not be installed from PyPI"
        if not scan.exists():
            command = [str(program), "mock-dataset", "-t", TEMPLATE, "-o", str(folder), "-n", str(pages)]
            run_silently([*command, "--dpi", str(dpi)], scratch)
        return cls(program, scan, dpi)

    def read(self) -> Cost:
        """Grade the stack; the annotated PDF of all pages that it also writes is part of the command."""
        folder = self._scan.parent / "graded"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        command = [str(self._program), "quick-grade", str(self._scan), "-t", TEMPLATE]
        command += ["--dpi", str(self._dpi), "--out-dir", str(folder), "-o", str(folder / "results.csv")]
        return cost_of([command], folder, self._scan)


# --- Auto Multiple Choice ------------------------------------------------------------------------

AMC: Final = "Auto Multiple Choice"
AMC_PROGRAM: Final = "auto-multiple-choice"
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
        if shutil.which(AMC_PROGRAM) is None:
            return f"apt-get install --no-install-recommends {AMC_PROGRAM} (1.9 GB with TeX)"
        project = scratch / f"amc-{pages}-{dpi}"
        scan = project / "scan.pdf"
        if not scan.exists():
            shutil.rmtree(project, ignore_errors=True)
            (project / "data").mkdir(parents=True)
            (project / "form.tex").write_text(_source(pages), encoding="utf-8")
            names = ["--out-sujet", "subject.pdf", "--out-corrige", "correction.pdf"]
            names += ["--out-calage", "boxes.xy", "--data", "data"]
            run_silently(
                [AMC_PROGRAM, "prepare", "--mode", "s", "--prefix", "./", *names, "form.tex"], project
            )
            run_silently([AMC_PROGRAM, "meptex", "--src", "boxes.xy", "--data", "data"], project)
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
        getimages = [AMC_PROGRAM, "getimages", "--copy-to", "scans", "--list", "list.txt"]
        analyse = [AMC_PROGRAM, "analyse", "--data", "data", "--cr", "cr", "--liste-fichiers", "list.txt"]
        cost = cost_of([getimages, analyse], work, self._scan)
        with closing(sqlite3.connect(work / "data" / "capture.sqlite")) as database:
            (read,) = database.execute(
                "SELECT count(*) FROM capture_page WHERE timestamp_auto > 0"
            ).fetchone()
        if read != self._pages:
            raise RuntimeError(f"{AMC} read {read} of {self._pages} pages")
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


# --- the table -----------------------------------------------------------------------------------

DPI: Final = 200
OURS: Final = Kind("a4-200-colour", "A4", DPI, Depth.COLOUR, 0.0, 0.0)


def ours(made: Made) -> Cost:
    """Read our stack in a process of its own."""
    run = apart(read_once, made, compared=True)
    alone = sum(decode for _, decode in run.acts) / (50 * len(run.acts))
    return Cost(1000 * run.whole_cpu_s / run.pages, 1000 * run.wall_s / run.pages, 1000 * alone)


def show(name: str, costs: list[Cost]) -> float:
    """Print the medians of one program; return its CPU time a page."""
    cpu, wall, decode = (
        median(values) for values in zip(*((c.cpu_ms, c.wall_ms, c.decode_ms) for c in costs), strict=True)
    )
    print(f"{name:<22}{1000 / cpu:>12.1f}{cpu:>14.1f}{wall:>12.1f}{cpu / decode:>14.1f}")
    return float(cpu)


@measurement(__doc__)
@click.option("--pages", default=100, show_default=True, help="a stack, in steps of 50")
@click.option("--rounds", default=3, show_default=True)
@path_option("--scratch", default=default_scratch())
def main(pages: int, rounds: int, scratch: Path) -> None:
    """Run the programs in turn and print the table."""
    # One thread each, as `omr` sets it for itself.
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    scratch.mkdir(parents=True, exist_ok=True)
    peers = {
        MARKSHARK: MarkShark.prepare(scratch, pages, DPI),
        AMC: AutoMultipleChoice.prepare(scratch, pages, DPI),
    }
    made = make(OURS, mixed=False, pages=pages, seed=1, scratch=scratch, workers=os.cpu_count() or 1)
    own: list[Cost] = []
    theirs: dict[str, list[Cost]] = {name: [] for name in peers}
    for _ in range(rounds):
        own.append(ours(made))
        for name, peer in peers.items():
            if not isinstance(peer, str):
                theirs[name].append(peer.read())
    print("machine: " + ", ".join(f"{key} {value}" for key, value in machine().items()))
    print(f"\n{pages} pages, {rounds} rounds, medians\n")
    print(f"{'program':<22}{'pages/CPU s':>12}{'CPU ms/page':>14}{'wall ms':>12}{'x decoding':>14}")
    cost = show("omr", own)
    ratios = [(name, show(name, costs) / cost) for name, costs in theirs.items() if costs]
    print()
    for name, ratio in ratios:
        print(f"pages per CPU second, omr : {name} = {ratio:.1f} : 1")
    for name, peer in peers.items():
        if isinstance(peer, str):
            print(f"skipped {name}: {peer}")
