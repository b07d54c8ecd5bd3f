"""Make the training set of the desks anew: doubtful rows of simulated slips, each with what was meant.

    python bench desks training [--slips 120]

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
QUALITY: Final = 70
OF_A_REASON: Final = 3
MOST: Final = 30


@measurement(__doc__)
@click.option("--slips", default=120, show_default=True, help="of each of the two forms")
@click.option("--seed", default=900, show_default=True)
def main(slips: int, seed: int) -> None:
    """Choose the rows and write them."""
    with TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        truth = hands(made, slips, seed)
        with Store.open(made / "omr.sqlite") as store:
            write(store, chosen(doubtful(store, lambda reading, question: False), truth, store), truth, made)


def chosen(items: list[DoubtfulItem], truth: Truth, store: Store) -> list[DoubtfulItem]:
    """Return rows of each reason, no two of one slip."""
    forms, slips = store.forms, set[int]()
    reasons: Counter[str] = Counter()
    found = []
    for item in items:
        kind = forms[item.fingerprint].questions[item.position].kind
        word = item.why[0] if item.why else ""
        if kind is not Kind.LIKERT or not word or item.reading in slips or reasons[word] >= OF_A_REASON:
            continue
        if "erased" in truth[item.serial]["marks"].get(item.question, {}).values():
            continue  # whether a ghost was rubbed out a picture does not always tell
        reasons[word] += 1
        slips.add(item.reading)
        found.append(item)
    return found[:MOST]


def write(store: Store, items: list[DoubtfulItem], truth: Truth, workspace: Path) -> None:
    """Write pictures and answers."""
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.jpg"):
        old.unlink()
    pictures, lines = Pictures(workspace), list[dict[str, Any]]()
    for number, item in enumerate(items, start=1):
        row = row_of(item, store.forms)
        slip = pictures.slip(store, row.form, item.reading)
        picture = cut(slip.pixels, slip.scan_from_page, row.area, PX_PER_MM)
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        name = f"{number:02}.jpg"
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
