"""Wrong serials accepted: misread serials against pattern, check characters, guard letters and register.

    python bench identity serials                     10 million misreads, some minutes
    python bench identity serials --misreads 100000

Every misread starts from an issued serial and goes the way of a decoded text. Counted is what
each stage lets pass: the pattern, the check characters, the register with its guard letters.
What passes all three and is another serial than the one on the paper would be accepted.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable
from typing import Final

import click
import numpy as np
from harness import measurement, seed_option, table, upper_bound
from numpy.typing import NDArray

from omr.errors import OmrError
from omr.forms.serial import CHECK_ALPHABET, GUARD_ALPHABET, LENGTH, Issue, IssuedSerials, parse_serial

Rng = np.random.Generator
Texts = NDArray[np.uint8]  # (N, LENGTH) ASCII

BLOCK: Final = 50_000
ACCEPTED: Final = "accepted"
COLUMNS: Final = ("serial.pattern", "serial.check", "serial.unknown", ACCEPTED)
RUNS: Final = 40  # print runs of the register
SLIPS: Final = 5_000  # of each
DIGITS: Final = "0123456789"
CHECKED: Final = CHECK_ALPHABET.replace("I", "").replace("O", "")
PLACES: Final = (DIGITS,) * 10 + (GUARD_ALPHABET,) * 3 + (CHECKED,) * 2
LOOK_ALIKE: Final = ("0DOQC", "1I7LT", "2Z7", "8B3", "5S6", "6G8", "4A", "UV", "MN", "PRF", "EF", "KX", "VY")


def print_runs(seed: int) -> list[Issue]:
    """Issue the print runs of a year: four forms, ten units each."""
    return [
        Issue(
            run=f"R{run}", form="F", fingerprint="f", unit="U", period="2026-11",
            digit=1 + run % 4, year=26, first=1 + run // 4 * SLIPS, count=SLIPS,
            key=hashlib.sha256(f"{seed} {run}".encode()).digest(),
        )
        for run in range(RUNS)
    ]  # fmt: skip


def substituted(texts: Texts, rng: Rng, least: int, most: int) -> None:
    """Replace some characters by others that the pattern allows at their place."""
    count = rng.integers(least, most + 1, len(texts))
    order = rng.random(texts.shape).argsort(axis=1)
    for place, alphabet in enumerate(PLACES):
        letters = np.frombuffer(alphabet.encode(), np.uint8)
        hit = order[:, place] < count
        texts[hit, place] = letters[rng.integers(len(letters), size=int(hit.sum()))]


def mistaken(texts: Texts, rng: Rng) -> None:
    """Replace one to six characters by ones that look alike."""
    alike = {ord(c): sorted({ord(d) for g in LOOK_ALIKE if c in g for d in g}) for c in CHECK_ALPHABET}
    hits = rng.random(texts.shape).argsort(axis=1) < rng.integers(1, 7, (len(texts), 1))
    for code, others in alike.items():
        there = hits & (texts == code)
        if others:
            texts[there] = np.array(others, np.uint8)[rng.integers(len(others), size=int(there.sum()))]


def swapped(texts: Texts, rng: Rng) -> None:
    """Swap one to three pairs of characters."""
    rows = np.arange(len(texts))
    for _ in range(3):
        some = rows[rng.random(len(rows)) < 0.6]
        one, other = rng.integers(LENGTH, size=(2, len(some)))
        texts[some, one], texts[some, other] = texts[some, other].copy(), texts[some, one].copy()


def slipped(texts: Texts, rng: Rng) -> None:
    """Lose one character and find one too many elsewhere: what lies between moves by one."""
    signs = np.frombuffer(CHECK_ALPHABET.encode(), np.uint8)
    for row in texts:
        lost, found = rng.integers(LENGTH, size=2)
        row[:] = np.insert(np.delete(row, lost), found, signs[rng.integers(len(signs))])


def mixed(texts: Texts, rng: Rng) -> None:
    """Read the front of one serial and the back of another: two sheets, two carriers."""
    others = texts[rng.permutation(len(texts))].copy()
    back = np.arange(LENGTH) >= rng.integers(1, LENGTH, (len(texts), 1))
    both = np.where(back, others, texts)
    new = (both != others).any(axis=1)  # else it is the other sheet's serial, read rightly
    texts[new] = both[new]


MISREADS: Final[dict[str, Callable[[Texts, Rng], None]]] = {
    "1 character": lambda texts, rng: substituted(texts, rng, 1, 1),
    "2 characters": lambda texts, rng: substituted(texts, rng, 2, 2),
    "3 to 8 characters": lambda texts, rng: substituted(texts, rng, 3, 8),
    "look-alikes": mistaken,
    "swaps": swapped,
    "moved by one": slipped,
    "two serials mixed": mixed,
}


def trial(kind: str, count: int, seed: int) -> Counter[str]:
    """Misread serials in one way and count where they end; the same seed gives the same misreads."""
    issues = print_runs(seed)
    issued = IssuedSerials(issues)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(list(MISREADS).index(kind),)))
    ends: Counter[str] = Counter()
    while ends.total() < count:
        printed = [
            str(issues[run].serial(issues[run].first + int(number)))
            for run, number in zip(rng.integers(RUNS, size=500), rng.integers(SLIPS, size=500), strict=True)
        ]
        pool = np.frombuffer("".join(printed).encode(), np.uint8).reshape(-1, LENGTH)
        truth = pool[rng.integers(len(pool), size=BLOCK)]
        texts = truth.copy()
        MISREADS[kind](texts, rng)
        misread = texts[(texts != truth).any(axis=1)][: count - ends.total()]
        ends.update(end(text.tobytes().decode(), issued) for text in misread)
    return ends


def end(text: str, issued: IssuedSerials) -> str:
    """Return what stops a text: the pattern, the check characters, the register; or that nothing does."""
    try:
        serial = parse_serial(text)
    except OmrError as error:
        return error.key
    return "serial.unknown" if issued.find(serial) is None else ACCEPTED


@measurement(__doc__)
@click.option("--misreads", default=10_000_000, show_default=True)
@seed_option
def main(misreads: int, seed: int) -> int:
    """Print the table; 1 where a wrong serial was accepted."""
    total: Counter[str] = Counter()
    rows: list[dict[str, object]] = []
    for kind in MISREADS:
        ends = trial(kind, math.ceil(misreads / len(MISREADS)), seed)
        total += ends
        rows.append({"misread": kind, **{column: ends[column] for column in COLUMNS}})
    table([*rows, {"misread": "all", **{column: total[column] for column in COLUMNS}}])
    bound = upper_bound(total[ACCEPTED], total.total())
    print(f"seed {seed}: {total.total()} misreads, {total[ACCEPTED]} accepted, 95 % bound {bound:.1e}")
    return 1 if total[ACCEPTED] else 0
