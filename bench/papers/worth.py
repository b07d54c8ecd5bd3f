"""What each veto of the model of papers is worth on real ink: errors saved, boxes asked about for nothing.

    python bench papers worth [--practice 60]

Each set by a fit to practice sheets and all sets of other makers. *Saved* would be accepted and wrong without
the veto, *asked* would be right; what two vetoes see, both count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import click
import cv2
import numpy as np
from harness import measurement, table

from omr.cli.scans.calibrate import practised
from omr.reading.marks import unknown
from omr.reading.marks.papers import PaperModel, gather, perhaps_lost, unlike_others
from omr.reading.papers.labels import LabelledPage
from omr.words import Reason
from papers.all import Known, studied, taught_by_others
from papers.labels import ROOT, SETS, SURVEYS


def vetoes(features: np.ndarray, groups: Sequence[str], model: PaperModel) -> dict[str, np.ndarray]:
    """Return the boxes of a page that each veto asks about, by its name."""
    chance = model.chance(gather(features, groups))
    marked, blank = chance >= model.limits.marked_above, chance <= model.limits.blank_below
    why = np.full(len(features), "", object)
    gone = unlike_others(features, groups, marked, why, model.limits)
    return {
        "print_unknown: letters": unknown.perhaps_letters(features, groups, marked),
        "print_unknown: a mark for a letter": unknown.marks_for_letters(features, blank),
        "print_unknown: what is shared": unknown.marks_for_print(features, blank),
        "print_unknown: too many": unknown.more_than_marks(groups, marked),
        "unclear: print not learned": unknown.unlearned(features),
        "streak": marked & unknown.streaks(features),
        "ring_around": unknown.ringed(features, groups, marked),
        "ink_beside": unknown.beside(features),
        "struck_out, filled": np.isin(why, (Reason.STRUCK_OUT, Reason.FILLED)) | gone,
        "unclear: no mark": perhaps_lost(chance, groups, blank),
        "fainter_than_others": why == Reason.FAINTER,
    }


def worth(known: Mapping[str, Sequence[Known]], models: Mapping[str, PaperModel]) -> list[dict[str, object]]:
    """Count for each veto what it saves and what it asks for nothing."""
    count: Counter[tuple[str, str]] = Counter()
    names: list[str] = []
    for name, pages in known.items():
        for page, lesson in pages:
            _one(page, lesson.features, list(lesson.groups), models[name], count, names)
    return [{"veto": one, "saved": count[one, "saved"], "asked": count[one, "asked"]} for one in names]


def _one(
    page: LabelledPage,
    features: np.ndarray,
    groups: list[str],
    model: PaperModel,
    count: Counter[tuple[str, str]],
    names: list[str],
) -> None:
    chance, states = model.chance(gather(features, groups)), np.array(page.states)
    marked, blank = chance >= model.limits.marked_above, chance <= model.limits.blank_below
    right = (marked & (states == "marked")) | (blank & (states == "blank"))
    for veto, some in vetoes(features, groups, model).items():
        if veto not in names:
            names.append(veto)
        sure = some & (marked | blank)
        count[veto, "saved"] += int((sure & ~right).sum())
        count[veto, "asked"] += int((sure & right).sum())


@measurement(__doc__)
@click.option("--practice", default=60, show_default=True, help="sheets")
def main(practice: int) -> None:
    """Measure all sets, fit to the others, count."""
    if not ROOT.is_dir():
        print(f"skipped: there is no real ink at {ROOT}")
        return
    cv2.setNumThreads(1)
    known = {name: studied(name) for name in (*SETS, *SURVEYS)}
    drawn = [practised(number) for number in range(practice)]
    table(worth(known, {name: taught_by_others(name, known, drawn).papers for name in known}))
