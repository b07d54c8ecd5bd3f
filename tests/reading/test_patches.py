"""The fast ways through the pixels give what the plain ones give, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from omr.reading.patches import MAX_DENSITY, MIN_CONTRAST, PATCH, Patches, Tones, density, tones
from omr.reading.snap import halved, median_picture

stacks = arrays(
    np.uint8,
    st.tuples(st.integers(1, 5), st.just(PATCH), st.just(PATCH)),
    elements=st.integers(0, 255),
    fill=st.integers(0, 255),
)


def plain_density(patches: np.ndarray, page: Tones) -> Patches:
    white = np.percentile(patches.reshape(len(patches), -1), 80, axis=1)
    white = white.clip(page.white - (page.white - page.black) / 3, 255.0)
    scale = np.maximum(white - page.black, 0.5 * MIN_CONTRAST)
    ink = (white[:, None, None] - patches) / scale[:, None, None]
    return np.asarray(ink.clip(0.0, MAX_DENSITY), np.float32)


def plain_tones(patches: np.ndarray) -> Tones:
    white = float(np.median(np.percentile(patches.reshape(len(patches), -1), 85, axis=1)))
    return Tones(white, min(float(np.percentile(patches, 2)), white - MIN_CONTRAST))


@settings(deadline=None)  # a busy machine is no error
@given(stacks)
def test_tones_and_density_are_those_of_plain_percentiles(patches: np.ndarray) -> None:
    page = tones(patches)
    plain = plain_tones(patches)
    assert (page.white, page.black) == (plain.white, plain.black)
    assert np.array_equal(density(patches, page), plain_density(patches, page))


@pytest.mark.parametrize("seed", range(5))
def test_the_same_on_what_scanners_deliver(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grey = rng.normal(230, 6, (40, PATCH, PATCH))
    grey[:, 16:48, 16:19] = rng.normal(60, 20, (40, 32, 3))
    patches = grey.clip(0, 255).astype(np.uint8)
    page = tones(patches)
    plain = plain_tones(patches)
    assert (page.white, page.black) == (plain.white, plain.black)
    assert np.array_equal(density(patches, page), plain_density(patches, page))


@pytest.mark.parametrize("count", [1, 2, 3, 33, 64])
def test_halves_and_medians_are_those_of_plain_means_and_medians(count: int) -> None:
    patches = np.random.default_rng(count).random((count, PATCH, PATCH)).astype(np.float32)
    half = PATCH // 2
    plain = patches.reshape(count, half, 2, half, 2).mean(axis=(2, 4))
    assert np.array_equal(halved(patches), plain)
    assert np.array_equal(median_picture(patches), np.median(patches, axis=0))
