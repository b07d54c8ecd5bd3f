"""Our own forms, filled in with real ink, scanned by a machine that shares nothing with omr/simulate.

    python bench/ink_slips.py everyday --slips 200              read them, count silent and asked
    python bench/ink_slips.py trouble --slips 8                 so many of each kind of trouble
    python bench/ink_slips.py trouble --pages out/ink/pages     write pictures and truth.json instead
    python bench/ink_slips.py everyday --half a                 only hands of one half of the sources

A run goes on where it was interrupted: every slip is a line of its state file, named by what it
was read with. ``--pictures DIR`` draws every silent error. A slip's picture depends on nothing but
the seed, its kind and its number, so two versions of the reader can be compared slip by slip.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import cv2
import numpy as np
import pypdfium2 as pdfium
from harness import upper_bound
from ink_hands import Hand, hands, paler
from ink_harms import everyday
from ink_kinds import KINDS
from ink_paper import Slip
from ink_scanner import DEPTHS, SHEET_DPI, Pixels, Settings, encoded, on_scan, picture_of
from real_ink import ROOT

from omr.forms.layout import list_forms
from omr.forms.printing import print_forms
from omr.forms.serial import Issue, IssuedSerials
from omr.forms.template import Form, fingerprint
from omr.reading.marks.calibrate import load_calibration
from omr.reading.reader import Desk, ReadPage, RejectedPage, read_page
from omr.reading.scan.pages import EncodedPage, Encoding
from omr.words import AnswerState

OUT: Final = Path(__file__).resolve().parent.parent / "out" / "ink"
PER_RUN: Final = 40  # slips of one print run
_RESOLUTIONS: Final = (150, 200, 200, 300)
_SEEN_MM2: Final = 0.08  # five pixels at 200 dpi
_LOOKED_MM: Final = 2.4  # around a mark's middle
_FILLERS: Final = 0.12  # of everyday slips by people who fill boxes


@dataclass(frozen=True, slots=True)
class Made:
    """A scanned slip and what is right about it."""

    file: bytes
    truth: dict[str, Any]
    form: Form
    settings: Settings


def issue_of(form: Form, seed: int) -> Issue:
    """Return the print run that a form's slips of a seed belong to."""
    first = 1 + PER_RUN * [other.form for other in list_forms(None)].index(form.form)
    key = seed.to_bytes(32, "big")
    return Issue(
        form.form, form.form, fingerprint(form), "PC06", "2026-11", form.digit, 26, first, PER_RUN, key
    )


@cache
def printed(form_at: int, seed: int) -> tuple[list[str], list[Pixels]]:
    """Print a form's run and render it at SHEET_DPI, grey; the serials and the pages."""
    form = list_forms(None)[form_at]
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


def make(kind: str, number: int, seed: int, half: str | None) -> Made:
    """Make one slip; the same arguments give the same slip."""
    own = int.from_bytes(hashlib.sha256(f"{seed}|{kind}|{number}|{half}".encode()).digest()[:8], "big")
    rng = np.random.default_rng(own)
    forms = list_forms(None)
    form_at = int(rng.integers(len(forms)))
    form = forms[form_at]
    serials, sheets = printed(form_at, seed)
    at = int(rng.integers(len(sheets)))
    depth = DEPTHS[number % len(DEPTHS)]
    settings = Settings.draw(rng, depth, int(_RESOLUTIONS[int(rng.integers(len(_RESOLUTIONS)))]))
    paper = _toner(sheets[at], rng)
    if depth == "colour":
        paper = np.asarray(cv2.cvtColor(paper, cv2.COLOR_GRAY2BGR), np.uint8)
    hand = _today(_hand(rng, half), rng)
    slip = Slip(form, paper.copy(), paper, hand, settings, rng)
    (everyday if kind == "everyday" else KINDS[kind])(slip)
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


def _hand(rng: np.random.Generator, half: str | None) -> Hand:
    """Pick a person: each source as often as another, each person of a source too."""
    people = [h for h in hands() if half in (None, h.half)]
    fills = bool(rng.random() < _FILLERS)
    sources = sorted({h.source for h in people if h.fills == fills})
    source = sources[int(rng.integers(len(sources)))]
    among = [h for h in people if h.source == source and h.fills == fills]
    if source != "sbs" and rng.random() < 0.5:  # half of the slips by anybody: sources of one person are few
        among = [h for h in people if h.fills == fills]
    return among[int(rng.integers(len(among)))]


def _today(hand: Hand, rng: np.random.Generator) -> Hand:
    """Return the person on one day: writing larger or smaller, with a pen of more or less ink."""
    return replace(
        paler(hand, float(np.clip(rng.normal(0.95, 0.1), 0.7, 1.1))),
        scale=hand.scale * float(np.clip(rng.normal(1.05, 0.12), 0.8, 1.35)),
    )


@cache
def desk(seed: int) -> Desk:
    """Return the reader's desk for the print runs of a seed."""
    forms = list_forms(None)
    issues = [issue_of(form, seed) for form in forms]
    return Desk(IssuedSerials(issues), {fingerprint(form): form for form in forms}, load_calibration())


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


def version() -> str:
    """Return a short hash of everything that results depend on."""
    root = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for file in [
        *sorted(root.glob("ink_*.py")),
        *sorted(root.parent.glob("omr/reading/**/*.py")),
        *sorted(root.parent.glob("calibration/*.json")),
    ]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


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


def main() -> int:
    """Make, read, count; 1 where something was silent."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", choices=("everyday", "trouble"))
    parser.add_argument("--slips", type=int, default=0, help="everyday: in all; trouble: of each kind")
    parser.add_argument("--only", default="", help="kinds whose name contains this")
    parser.add_argument("--half", choices=("a", "b"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--pages", type=Path, help="write the slips here, and read nothing")
    parser.add_argument("--pictures", type=Path, help="draw the silent errors here")
    parser.add_argument("--state", type=Path, default=OUT / "slips.jsonl")
    asked = parser.parse_args()
    if not ROOT.is_dir():
        print(f"skipped: there is no real ink at {ROOT}")
        return 0
    hands()  # cut once, before there are workers
    each = asked.slips or (200 if asked.set == "everyday" else 4)
    kinds = ["everyday"] if asked.set == "everyday" else [kind for kind in KINDS if asked.only in kind]
    jobs = [(kind, number, asked.seed, asked.half) for number in range(each) for kind in kinds]
    with ProcessPoolExecutor(asked.workers, mp_context=get_context("fork")) as pool:
        if asked.pages:
            asked.pages.mkdir(parents=True, exist_ok=True)
            list(pool.map(write_page, [(*job, asked.pages) for job in jobs], chunksize=4))
            return 0
        asked.state.parent.mkdir(parents=True, exist_ok=True)
        now, done = version(), {}
        if asked.state.exists():
            for text in asked.state.read_text("utf-8").splitlines():
                kept = json.loads(text)
                if kept["version"] == now:
                    done[tuple(kept["job"])] = kept
        missing = [job for job in jobs if job not in done]
        with asked.state.open("a", encoding="utf-8") as state:
            lines = pool.map(work, [(*job, asked.pictures) for job in missing], chunksize=2)
            for count, (job, line) in enumerate(zip(missing, lines, strict=True), start=1):
                done[job] = line | {"job": list(job), "version": now}
                print(json.dumps(done[job], ensure_ascii=False), file=state, flush=True)
                if count % 20 == 0:
                    print(f"\r{count}/{len(missing)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    lines = [done[job] for job in jobs]
    print(f"{asked.set}, seed {asked.seed}, half {asked.half or 'both'}, reader {now}")
    print("\n".join(table(lines)))
    for reason, n in Counter(line["reason"] for line in lines if not line["read"]).items():
        print(f"refused: {reason} {n}")
    for reason, n in Counter(doubt for line in lines for doubt in line["doubts"]).items():
        print(f"whole slip asked: {reason} {n}")
    wrong = [(line, what) for line in lines for what in line["silent"]]
    for line, what in wrong:
        where = " ".join(str(line[key]) for key in ("kind", "number", "depth", "dpi", "person"))
        print(f"  silent: {where}: {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
