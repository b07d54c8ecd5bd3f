"""Make the training set of the desks anew: doubtful rows of simulated slips, each with what was meant.

    python bench desks training [--slips 150]

Writes ``omr/web/static/training/``: one small picture a row and ``items.json`` beside the handler
(`omr/web/review/training.json`). Of each reason for which the machine asks there are some, of different
people. Nothing of it was ever on paper, so it can be packed with the program.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
import cv2
from harness import ROOT, measurement

from desks.reviewer import Truth, hands
from omr.forms.template import Kind
from omr.records.review.second_reading import DoubtfulItem, doubtful
from omr.records.store.store import Store
from omr.web.frame.pictures import Pictures, cut
from omr.web.review.review import row_of

PICTURES: Final = ROOT / "omr" / "web" / "static" / "training"
ITEMS: Final = ROOT / "omr" / "web" / "review" / "training.json"
PX_PER_MM: Final = 5.2
QUALITY: Final = 25  # of WebP: as clear as JPEG at 60, at half the bytes
OF_A_REASON: Final = 13
MOST: Final = 160
KINDS: Final = (Kind.LIKERT, Kind.SINGLE)


@measurement(__doc__)
@click.option("--slips", default=150, show_default=True, help="of each of the two forms")
@click.option("--seed", default=900, show_default=True)
def main(slips: int, seed: int) -> None:
    """Choose the rows and write them."""
    with TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        truth = hands(made, slips, seed)
        with Store.open(made / "omr.sqlite") as store:
            write(store, chosen(doubtful(store, lambda reading, question: False), truth, store), truth, made)


def chosen(items: list[DoubtfulItem], truth: Truth, store: Store) -> list[DoubtfulItem]:
    """Return rows of each reason, no more than two of one slip."""
    forms, slips = store.forms, Counter[int]()
    reasons: Counter[str] = Counter()
    found = []
    for item in items:
        kind = forms[item.fingerprint].questions[item.position].kind
        word = item.why[0] if item.why else ""
        if kind not in KINDS or not word or slips[item.reading] >= 2 or reasons[word] >= OF_A_REASON:
            continue
        if "erased" in truth[item.serial]["marks"].get(item.question, {}).values():
            continue  # whether a ghost was rubbed out a picture does not always tell
        reasons[word] += 1
        slips[item.reading] += 1
        found.append(item)
    return found[:MOST]


def write(store: Store, items: list[DoubtfulItem], truth: Truth, workspace: Path) -> None:
    """Write pictures and answers."""
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.*"):
        old.unlink()
    pictures, lines = Pictures(workspace), list[dict[str, Any]]()
    for number, item in enumerate(items, start=1):
        row = row_of(item, store.forms)
        slip = pictures.slip(store, item.reading)
        picture = cut(slip.pixels, slip.scan_from_page, row.area, PX_PER_MM)
        _, data = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
        name = f"{number:03}.webp"
        (PICTURES / name).write_bytes(data.tobytes())
        codes = list(truth[item.serial]["answers"].get(item.question, ()))
        right = "multiple" if len(codes) > 1 else codes[0] if codes else "none"
        lines.append(
            {
                "picture": name,
                "key": row.question.key,
                "text": row.question.text,
                "area": _box(row.area),
                "spot": _box(row.spot),
                "doubts": [_box(box) for box, _ in row.doubtful],
                "options": [
                    {"key": c.key, "value": c.value, "label": c.label, "box": _box(c.box)}
                    for c in row.choices
                ],
                "why": list(item.why),
                "right": right,
            }
        )
    ITEMS.write_text(json.dumps(lines, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _box(box: Any) -> list[float]:
    return [round(v, 2) for v in (box.x_mm, box.y_mm, box.width_mm, box.height_mm)]
