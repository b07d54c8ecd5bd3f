"""Corners of print, and the map that two pictures of one form agree on.

SIFT (Lowe 2004) and MAGSAC++ (Barath et al. 2020), both of OpenCV: on 15 foreign forms other sheets
of the same form gave 265 and more agreeing corners, sheets of other forms at most 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Homography = NDArray[np.float64]  # (3, 3)
Points = NDArray[np.float64]  # (N, 2)

SEEN_PX: Final = 1400  # longer side at which pictures are compared: letters are shapes, noise is gone
MOST: Final = 4000  # corners of a picture; more cost time and say nothing new
GLANCE_PX: Final = 600  # the same for a first glance, which costs a seventh
GLANCE_MOST: Final = 800
LIKE: Final = 0.8  # of the second best likeness that the best one may have to count
NEAR_PX: Final = 4.0  # at that size, how far a corner may lie from where the map says


@dataclass(frozen=True, slots=True, eq=False)
class Corners:
    """What one picture shows that can be found again in another."""

    places: Points  # px of the picture
    words: NDArray[np.float32]  # (N, 128)
    scale: float  # of the picture at which they were looked for


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """The map from one picture to another, and how many corners say so."""

    map: Homography
    corners: int
    of_first: Points  # (corners, 2), where those that agree lie on the first picture


def corners(grey: Grey) -> Corners:
    """Find corners of print."""
    return _corners(grey, SEEN_PX, MOST)


def glance(grey: Grey) -> Corners:
    """Find the few corners that tell whether a page may be of a form at all."""
    return _corners(grey, GLANCE_PX, GLANCE_MOST)


def _corners(grey: Grey, seen_px: int, most: int) -> Corners:
    scale = min(1.0, seen_px / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    soft = cv2.GaussianBlur(small, (0, 0), 1.0)  # 1-bit scans have ragged edges
    finder = cv2.SIFT.create(most, contrastThreshold=0.02, edgeThreshold=15)
    points, words = finder.detectAndCompute(soft, None)
    places = np.array([point.pt for point in points], np.float64).reshape(-1, 2)
    rooted = np.zeros((0, 128), np.float32)
    if words is not None and len(
        words
    ):  # RootSIFT (Arandjelovic and Zisserman 2012): fewer chance likenesses
        rooted = np.sqrt(words / (words.sum(axis=1, keepdims=True) + 1e-7)).astype(np.float32)
    return Corners((places + 0.5) / scale - 0.5, rooted, scale)


def agree(first: Corners, second: Corners) -> Agreement | None:
    """Return the map from the first picture to the second, None where nothing speaks for one."""
    if min(len(first.words), len(second.words)) < 2:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(first.words, second.words, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < LIKE * pair[1].distance]
    if len(good) < 8:
        return None
    source = first.places[[one.queryIdx for one in good]]
    target = second.places[[one.trainIdx for one in good]]
    near = NEAR_PX / min(first.scale, second.scale)
    cv2.setRNGSeed(1)  # the same pages give the same map
    map_, said = cv2.findHomography(source, target, cv2.USAC_MAGSAC, near, maxIters=5000, confidence=0.999)
    if map_ is None or said is None:
        return None
    those = said.ravel() > 0
    return Agreement(np.asarray(map_, np.float64), int(those.sum()), source[those])


def moved(map_: Homography, points: Points) -> Points:
    """Apply a map to points, (N, 2)."""
    out = cv2.perspectiveTransform(np.asarray(points, np.float64).reshape(-1, 1, 2), map_)
    return np.asarray(out, np.float64).reshape(-1, 2)
