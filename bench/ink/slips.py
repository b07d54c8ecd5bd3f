"""Our own forms, filled in with real ink, scanned by a machine that shares nothing with omr/simulate.

    python bench ink slips everyday --slips 200              read them, count silent and asked
    python bench ink slips trouble --slips 8                 so many of each kind of trouble
    python bench ink slips sought --slips 20                 so many of each kind that was once read wrongly
    python bench ink slips trouble --pages out/ink/pages     write pictures and truth.json instead
    python bench ink slips everyday --half a                 only hands of one half of the sources

A run goes on where it was interrupted: every slip is a line of its state file, named by what it
was made and read with. ``--pictures DIR`` draws every silent error. A slip's picture depends on
nothing but the seed, its kind and its number, so two readers can be compared slip by slip: run the
other one's code with ``PYTHONPATH=ITS_TREE``, then this one's with ``--since`` and the other's name.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import click
import cv2
import numpy as np
from harness import ROOT as ROOT_OF_ALL
from harness import measurement, path_option, seed_option, upper_bound
from papers.labels import ROOT

import omr
from ink.made.hands import hands
from ink.made.kinds import KINDS
from ink.made.pages import Made, forms, issue_of, make
from ink.made.scanner import Pixels, on_scan
from ink.made.sought import SOUGHT
from omr.forms.serial import IssuedSerials
from omr.forms.template import fingerprint
from omr.reading.marks.calibrate import load_calibration
from omr.reading.reader import Desk, ReadPage, RejectedPage, read_page
from omr.reading.scan.pages import EncodedPage, Encoding
from omr.words import AnswerState

OUT: Final = ROOT_OF_ALL / "out" / "ink"


@cache
def desk(seed: int) -> Desk:
    """Return the reader's desk for the print runs of a seed."""
    issues = [issue_of(form, seed) for form in forms()]
    return Desk(IssuedSerials(issues), {fingerprint(form): form for form in forms()}, load_calibration())


def judged(made: Made, seed: int) -> dict[str, Any]:
    """Read one slip and compare: what is silent, what is asked."""
    truth = made.truth
    page = EncodedPage(f"{truth['kind']}-{truth['number']}", 1, Encoding.PICTURE, made.file)
    result = read_page(page, desk(seed))
    line = {
        key: truth[key] for key in ("kind", "number", "form", "depth", "dpi", "person", "source", "fills")
    }
    line |= {
        "positions": sum(len(q["boxes"]) for q in truth["questions"].values()),
        "questions": len(truth["questions"]),
    }
    if not isinstance(result, ReadPage):
        reason = result.reason if isinstance(result, RejectedPage) else "blank back"
        return line | {"read": False, "reason": reason, "asked": [], "silent": [], "doubts": []}
    if str(result.page.serial) != truth["serial"]:
        return line | {"read": True, "asked": [], "silent": ["serial"], "doubts": []}
    answers = {answer.question: answer for answer in result.answers}
    asked, silent = [], []
    for key, question in truth["questions"].items():
        answer = answers[key]
        if answer.state is AnswerState.DOUBTFUL:
            asked.append(key)
        elif sorted(answer.codes) not in [sorted(codes) for codes in question["accept"]]:
            wanted = " or ".join("/".join(codes) or "none" for codes in question["accept"]) or "asking"
            silent.append(f"{key}: {'/'.join(answer.codes) or 'none'} for {wanted}")
    doubts = list(result.doubts)
    if doubts:  # a person looks at the whole slip
        silent, asked_questions = [], list(truth["questions"])
        return line | {
            "read": True,
            "asked": asked_questions,
            "silent": silent,
            "doubts": doubts,
            "boxed": asked,
        }
    return line | {"read": True, "asked": asked, "silent": silent, "doubts": doubts}


def version() -> tuple[str, str]:
    """Return short hashes of what slips are made with, and of the reader that reads them."""
    here, package = Path(__file__).resolve().parent, Path(omr.__file__).resolve().parent
    made_with = sorted(here.glob("made/*.py"))
    read_with = [*sorted(package.glob("reading/**/*.py")), *sorted(package.parent.glob("calibration/*.json"))]
    made, read = (
        hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]
        for files in (made_with, read_with)
    )
    return made, read


Work = tuple[str, int, int, str | None, Path | None]


def work(job: Work) -> dict[str, Any]:
    """Make and read one slip in a worker; draw its silent questions."""
    kind, number, seed, half, pictures = job
    cv2.setNumThreads(1)
    made = make(kind, number, seed, half)
    line = judged(made, seed)
    if pictures and line["silent"]:
        pictures.mkdir(parents=True, exist_ok=True)
        rows = [row_of(made, said.split(":")[0], f"{kind} {number} {said}") for said in line["silent"]]
        cv2.imwrite(str(pictures / f"{_file_name(kind, number)}.png"), np.vstack(rows))
    return line


def row_of(made: Made, key: str, title: str) -> Pixels:
    """Cut a question's boxes out of the scan, with a title, to be looked at."""
    picture = cv2.imdecode(np.frombuffer(made.file, np.uint8), cv2.IMREAD_COLOR)
    boxes = [
        option.box for question in made.form.questions if question.key == key for option in question.options
    ]
    low = min(box.x_mm for box in boxes) - 12, min(box.y_mm for box in boxes) - 5
    high = max(box.x_mm for box in boxes) + 16, max(box.y_mm for box in boxes) + 10
    sheet_mm = made.form.frame.width_mm, made.form.frame.height_mm
    (x0, y0), (x1, y1) = (on_scan(made.settings, corner, sheet_mm) for corner in (low, high))
    part = picture[max(0, round(y0)) : round(y1), max(0, round(x0)) : round(x1)]
    shown = cv2.resize(
        part, (900, max(1, round(900 * part.shape[0] / part.shape[1]))), interpolation=cv2.INTER_CUBIC
    )
    head = np.full((20, 900, 3), 225, np.uint8)
    cv2.putText(head, title, (3, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 160), 1, cv2.LINE_AA)
    return np.vstack([head, shown])


def _file_name(kind: str, number: int) -> str:
    return f"{kind.replace(' ', '_').replace(',', '')}-{number:04}"


def write_page(job: tuple[str, int, int, str | None, Path]) -> None:
    """Write one slip and its truth into a folder."""
    kind, number, seed, half, folder = job
    cv2.setNumThreads(1)
    made = make(kind, number, seed, half)
    name = _file_name(kind, number)
    picture = f"{name}.{'png' if made.truth['depth'] == '1-bit' else 'jpg'}"
    (folder / picture).write_bytes(made.file)
    (folder / f"{name}.json").write_text(
        json.dumps({"file": picture} | made.truth, indent=1, ensure_ascii=False)
    )


def table(lines: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a row for each kind, and one for all."""
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        by_kind[line["kind"]].append(line)
    heads = (
        "slips",
        "read",
        "positions",
        "questions",
        "silent",
        "at most",
        "asked",
        "share",
        "slips",
        "share",
    )
    yield f"{'kind':<32}" + "".join(f"{head:>10}" for head in heads)
    for kind, own in [*by_kind.items(), ("all", lines)]:
        read = [line for line in own if line["read"]]
        questions = sum(line["questions"] for line in read)
        positions = sum(line["positions"] for line in read)
        silent = sum(len(line["silent"]) for line in read)
        asked = sum(len(line["asked"]) for line in read)
        waiting = sum(bool(line["asked"]) for line in read)
        bound = upper_bound(silent, questions) if questions else 1.0
        numbers = (len(own), len(read), positions, questions, silent, f"{bound:.1e}", asked)
        shares = (f"{asked / max(1, questions):.2%}", waiting, f"{waiting / max(1, len(read)):.1%}")
        yield f"{kind:<32}" + "".join(f"{number:>10}" for number in (*numbers, *shares))


def kept_lines(state: Path, pages: str, reader: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return what is known already of the same slips, read by this reader."""
    texts = state.read_text("utf-8").splitlines() if state.exists() else []
    lines = [
        line for line in map(json.loads, texts) if (line.get("pages"), line.get("reader")) == (pages, reader)
    ]
    return {tuple(line["job"]): line for line in lines}


def newly_asked(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> Iterator[str]:
    """Say what became of slips that an earlier reader read firmly and rightly, and of its silent errors."""
    firm = [(old, new) for old, new in pairs if old["read"] and not old["asked"] and not old["silent"]]
    asked = [(old, new) for old, new in firm if new["asked"] or not new["read"]]
    yield f"of {len(firm)} slips read firmly and rightly before, {len(asked)} newly asked or refused"
    for _, new in asked:
        what = " ".join(new["asked"][:6]) or new.get("reason")
        yield f"  newly asked: {new['kind']} {new['number']} {new['person']}: {what}"
    questions = sum(
        old["questions"] - len(old["asked"]) - len(old["silent"]) for old, _ in pairs if old["read"]
    )
    more = sum(len(set(new["asked"]) - set(old["asked"])) for old, new in pairs if old["read"])
    yield f"of {questions} questions read rightly before, {more} newly asked"


@measurement(__doc__)
@click.argument("which", type=click.Choice(["everyday", "trouble", "sought"]))
@click.option("--slips", default=0, help="everyday: in all; else of each kind")
@click.option("--only", default="", help="kinds whose name contains this")
@click.option("--half", type=click.Choice(["a", "b"]))
@seed_option
@click.option("--workers", default=1, show_default=True)
@path_option("--pages", help="write the slips here, and read nothing")
@path_option("--pictures", help="draw the silent errors here")
@click.option("--since", help="a reader's name in the state file: what is newly asked since")
@path_option("--state", default=OUT / "slips.jsonl")
def main(**options: Any) -> int:
    """Make, read, count; 1 where something was silent."""
    asked = SimpleNamespace(**options)
    if not ROOT.is_dir():
        print(f"skipped: there is no real ink at {ROOT}")
        return 0
    cv2.setNumThreads(1)  # a pool of threads does not survive into forked workers
    hands()  # cut once, before there are workers
    each = asked.slips or (200 if asked.which == "everyday" else 4)
    all_kinds = {"everyday": ("everyday",), "trouble": tuple(KINDS), "sought": tuple(SOUGHT)}[asked.which]
    kinds = [kind for kind in all_kinds if asked.only in kind]
    jobs = [(kind, number, asked.seed, asked.half) for number in range(each) for kind in kinds]
    with ProcessPoolExecutor(asked.workers, mp_context=get_context("fork")) as pool:
        if asked.pages:
            asked.pages.mkdir(parents=True, exist_ok=True)
            list(pool.map(write_page, [(*job, asked.pages) for job in jobs], chunksize=4))
            return 0
        asked.state.parent.mkdir(parents=True, exist_ok=True)
        pages, reader = version()
        done = kept_lines(asked.state, pages, reader)
        missing = [job for job in jobs if job not in done]
        with asked.state.open("a", encoding="utf-8") as state:
            lines = pool.map(work, [(*job, asked.pictures) for job in missing], chunksize=2)
            for count, (job, line) in enumerate(zip(missing, lines, strict=True), start=1):
                done[job] = line | {"job": list(job), "pages": pages, "reader": reader}
                print(json.dumps(done[job], ensure_ascii=False), file=state, flush=True)
                if count % 20 == 0:
                    print(f"\r{count}/{len(missing)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    lines = [done[job] for job in jobs]
    print(f"{asked.which}, seed {asked.seed}, half {asked.half or 'both'}, pages {pages}, reader {reader}")
    print("\n".join(table(lines)))
    for reason, n in Counter(line["reason"] for line in lines if not line["read"]).items():
        print(f"refused: {reason} {n}")
    for reason, n in Counter(doubt for line in lines for doubt in line["doubts"]).items():
        print(f"whole slip asked: {reason} {n}")
    if asked.since:
        before = kept_lines(asked.state, pages, asked.since)
        print("\n".join(newly_asked([(before[job], done[job]) for job in jobs if job in before])))
    wrong = [(line, what) for line in lines for what in line["silent"]]
    for line, what in wrong:
        where = " ".join(str(line[key]) for key in ("kind", "number", "depth", "dpi", "person"))
        print(f"  silent: {where}: {what}")
    return 1 if wrong else 0
