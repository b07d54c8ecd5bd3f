"""Small pages of boxes with known marks, drawn for the tests of marks and decisions."""

from __future__ import annotations

import cv2
import numpy as np

BOX = 36  # px: 4.5 mm at 200 dpi
PITCH = 70
SUB = 4  # strokes are drawn at a sixteenth of a pixel


def grid(rows: int, columns: int) -> tuple[np.ndarray, list[str]]:
    """Corners (N, 4, 2) and the question of each box, row by row."""
    quads, groups = [], []
    for row in range(rows):
        for column in range(columns):
            x, y = 60 + column * PITCH, 60 + row * PITCH
            quads.append([[x, y], [x + BOX, y], [x + BOX, y + BOX], [x, y + BOX]])
            groups.append(f"q{row}")
    return np.array(quads, np.float64), groups


def paper(quads: np.ndarray, *, circles: bool = False, letters: str = "", line: int = 2) -> np.ndarray:
    """A page with the printed outlines (and letters, by column) of the boxes."""
    width, height = (quads.reshape(-1, 2).max(axis=0) + 60).astype(int)
    page = np.full((height, width), 255, np.uint8)
    columns = {x: i for i, x in enumerate(sorted({quad[0][0] for quad in quads}))}
    for quad in quads:
        (x0, y0), (x1, y1) = quad[0].astype(int), quad[2].astype(int)
        if circles:
            centre = ((x0 + x1) // 2, (y0 + y1) // 2)
            cv2.circle(page, centre, BOX // 2, 0, line, cv2.LINE_AA)
        else:
            cv2.rectangle(page, (x0, y0), (x1 - 1, y1 - 1), 0, line, cv2.LINE_AA)
        if letters:
            letter = letters[columns[quad[0][0]] % len(letters)]
            cv2.putText(page, letter, (x0 + 10, y1 - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1, cv2.LINE_AA)
    return page


def stroke(page: np.ndarray, points: list[tuple[float, float]], width: float = 3.0, grey: int = 40) -> None:
    """Draw a polyline in place; darker pixels stay."""
    layer = np.full_like(page, 255)
    fixed = (np.array(points) * 2**SUB).round().astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(layer, [fixed], False, grey, max(1, round(width)), cv2.LINE_AA, SUB)
    np.minimum(page, layer, out=page)


def mark(
    page: np.ndarray,
    quad: np.ndarray,
    kind: str,
    *,
    width: float = 3.0,
    grey: int = 40,
    seed: int | None = None,
) -> None:
    """Draw one mark: cross, tick, dash, dot, fill, scribble, ring, overshoot; no two alike with a seed."""
    (x, y), size = quad[0], quad[2][0] - quad[0][0]
    hand = np.random.default_rng(seed)

    def at(u: float, v: float) -> tuple[float, float]:
        du, dv = hand.normal(0, 0.05, 2) if seed is not None else (0.0, 0.0)
        return x + (u + du) * size, y + (v + dv) * size

    if kind == "cross":
        stroke(page, [at(0.15, 0.1), at(0.9, 0.9)], width, grey)
        stroke(page, [at(0.85, 0.15), at(0.1, 0.95)], width, grey)
    elif kind == "tick":
        stroke(page, [at(0.15, 0.5), at(0.4, 0.85), at(1.1, -0.1)], width, grey)
    elif kind == "dash":
        stroke(page, [at(0.1, 0.55), at(0.9, 0.45)], width, grey)
    elif kind == "dot":
        stroke(page, [at(0.5, 0.5), at(0.52, 0.52)], width, grey)
    elif kind == "fill":
        cv2.fillPoly(
            page, [np.array([at(0.02, 0.03), at(0.97, 0), at(1, 0.98), at(0, 1)]).astype(np.int32)], grey
        )
    elif kind == "scribble":
        points = [at(0.05 + 0.9 * t / 9, 0.1 if t % 2 else 0.9) for t in range(10)]
        stroke(page, points, width, grey)
    elif kind == "ring":
        centre = np.array(at(0.5, 0.5))
        angles = np.linspace(0, 2 * np.pi, 40)
        stroke(
            page,
            [tuple(centre + 0.85 * size * np.array([np.cos(a), np.sin(a)])) for a in angles],
            width,
            grey,
        )
    elif kind == "overshoot":
        stroke(page, [at(-0.6, 0.6), at(-0.1, 0.4), at(0.14, 0.3)], width, grey)
    else:
        raise ValueError(kind)
