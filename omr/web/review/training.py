"""A training set with immediate answers: simulated rows that were packed with the program.

Nothing of it touches the register or the accounts: how far somebody is, and how much was right, the pages
hand on from one to the next.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from omr.web.frame.pages import page, see_other
from omr.web.frame.visit import Visit

_ITEMS: Final = Path(__file__).with_name("training.json")
ROUND: Final = 20  # rows in one go: some three minutes
_OTHER_ANSWERS: Final = ("none", "multiple")

Edges = tuple[float, float, float, float]  # left, top, width, height in mm of the page


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Told):
    """One option of a row."""

    key: str
    value: str
    label: str
    box: Edges


class Exercise(_Told):
    """One doubtful row and what was meant."""

    picture: str
    key: str
    text: str
    area: Edges
    spot: Edges
    doubts: tuple[Edges, ...]
    options: tuple[Choice, ...]
    why: tuple[str, ...]
    right: str  # code of an option, ``none`` or ``multiple``

    def name(self, answer: str) -> str | None:
        """Return the label of an option, None for the other answers."""
        return next((one.label for one in self.options if one.value == answer), None)


@cache
def exercises() -> tuple[Exercise, ...]:
    """Return all rows of the set."""
    return tuple(Exercise.model_validate(one) for one in json.loads(_ITEMS.read_text("utf-8")))


def drawn(seed: int) -> list[Exercise]:
    """Return the rows of one round: of each reason as many as there is room for, in no order."""
    chance = random.Random(seed)
    every = list(exercises())
    chance.shuffle(every)
    seen: Counter[str] = Counter()
    turn = {}
    for one in every:  # the first of each reason, then the second of each …
        turn[one.picture] = seen[one.why[0]]
        seen[one.why[0]] += 1
    chosen = sorted(every, key=lambda one: turn[one.picture])[:ROUND]
    chance.shuffle(chosen)
    return chosen


def show(visit: Visit) -> Response:
    """Show the row at some place of an order that was drawn when the training began."""
    seed, at, right = (_number(visit.query(name)) for name in ("order", "at", "right"))
    if not visit.query("order"):
        return see_other(f"/training?order={random.randrange(1, 1_000_000)}&at=0&right=0")
    return _page(visit, seed, at, right)


def answer(visit: Visit) -> Response:
    """Say at once whether an answer is right, and what was meant."""
    seed, at, right = (_number(visit.form.get(name, "")) for name in ("order", "at", "right"))
    return _page(visit, seed, at, right, said=visit.form.get("answer", ""))


def _page(visit: Visit, seed: int, at: int, right: int, said: str = "") -> Response:
    order = drawn(seed)
    here = order[at] if at < len(order) else None
    if here is None or said not in {"", *(one.value for one in here.options), *_OTHER_ANSWERS}:
        said = ""
    good = here is not None and said == here.right
    return page(
        visit,
        "training.html",
        exercise=here,
        said=said,
        good=good,
        order=seed,
        at=at,
        right=right + good,
        count=len(order),
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0
