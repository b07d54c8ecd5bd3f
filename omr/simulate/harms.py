"""Named harms: what can be asked for with ``--harm``, each with a stable name.

A harm changes the paper, the scanner or the way one sheet goes through it. All amounts
are drawn anew for every page, from mild to what an office really sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from omr.forms.template import Form
from omr.reading.scan.pages import Depth
from omr.simulate import paper, seal
from omr.simulate.ink import Sheet
from omr.simulate.pens import Rng
from omr.simulate.scanner import Feed, Machine, Streak

OnPaper = Callable[[Sheet, Form, Rng], None]
InScanner = Callable[[Machine, Feed, Rng], tuple[Machine, Feed]]


@dataclass(frozen=True, slots=True)
class Harm:
    """One harm; exactly one of the two is given. Its words stand in catalogue ``simulate``."""

    name: str
    on_paper: OnPaper | None = None
    in_scanner: InScanner | None = None


def _skew(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    sign = rng.choice([-1.0, 1.0])
    return machine, replace(feed, rotation_deg=float(sign * rng.uniform(1.8, 3.0)))


def _stretch(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    return machine, replace(feed, stretch_y=1 + float(rng.choice([-1.0, 1.0]) * rng.uniform(0.008, 0.02)))


def _scale(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    size = float(rng.choice([rng.uniform(0.93, 0.97), rng.uniform(1.01, 1.03)]))
    return machine, replace(feed, stretch_x=size, stretch_y=size)


def _wobble(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    return machine, replace(feed, wobble_mm=float(rng.uniform(0.15, 0.40)))


def _blur(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    return replace(machine, blur_mm=float(rng.uniform(0.12, 0.19)), sharpen=0.0), feed


def _noise(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    noisy = replace(
        machine, noise=float(rng.uniform(7, 14)), column_noise=float(rng.uniform(1.5, 3)), white=1.0
    )
    return noisy, replace(feed, specks=int(rng.integers(30, 120)))


def _streak(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    streaks = tuple(
        Streak(
            x=float(rng.uniform(0.03, 0.97)),
            width_mm=float(rng.uniform(0.12, 0.5)),
            level=float(rng.choice([rng.uniform(0.0, 0.45), rng.uniform(0.45, 0.75)])),
            opacity=float(rng.uniform(0.5, 1.0)),
        )
        for _ in range(int(rng.integers(1, 4)))
    )
    return machine, replace(feed, streaks=streaks)


def _dark_edge(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    return machine, replace(feed, edge_shadow=float(rng.uniform(0.3, 0.85)))


def _dark_background(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    grey = float(rng.uniform(0.03, 0.2))
    overscan = (float(rng.uniform(4, 40)), float(rng.uniform(8, 50)))
    return replace(machine, background=(grey, grey, grey)), replace(feed, overscan_mm=overscan)


def _large_canvas(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    return machine, replace(feed, overscan_mm=(68.0, 90.0))  # A5 on letter or A4 glass


def _dark(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    level = float(rng.uniform(1.15, 1.45))
    threshold = min(215, machine.threshold + 15)
    return replace(machine, white=level, gamma=float(rng.uniform(1.0, 1.4)), threshold=threshold), feed


def _light(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    return (
        replace(
            machine, white=float(rng.uniform(0.70, 0.82)), gamma=float(rng.uniform(0.75, 0.95)), threshold=150
        ),
        feed,
    )


def _low_contrast(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    return replace(machine, white=float(rng.uniform(1.1, 1.3)), black=float(rng.uniform(-0.5, -0.25))), feed


def _photocopy(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    return machine, replace(feed, photocopied=True)


def _low_quality(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    return replace(machine, jpeg_quality=int(rng.integers(25, 36))), feed


def _bilevel(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    return replace(machine, depth=Depth.BILEVEL), feed


def _upside_down(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    return machine, replace(feed, quarter_turns=2)


def _sideways(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    return machine, replace(feed, quarter_turns=int(rng.choice([1, 3])))


def _cropped(machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    x, y = rng.choice([-1.0, 1.0], 2) * rng.uniform(1.0, 4.5, 2)
    return machine, replace(feed, shift_mm=(float(x), float(y)))


def _astray(sheet: Sheet, form: Form, rng: Rng) -> None:
    seal.stamp(sheet, form, rng, astray=True)


HARMS: Final = {
    harm.name: harm
    for harm in (
        Harm("fold", on_paper=paper.fold),
        Harm("crease", on_paper=paper.crease),
        Harm("stain", on_paper=paper.stain),
        Harm("smudge", on_paper=paper.smudge),
        Harm("show-through", on_paper=paper.show_through),
        Harm("stamp-astray", on_paper=_astray),
        Harm("tear", on_paper=paper.tear),
        Harm("dog-ear", on_paper=paper.dog_ear),
        Harm("staple-hole", on_paper=paper.staple_hole),
        Harm("pen-on-marker", on_paper=paper.pen_on_marker),
        Harm("skew", in_scanner=_skew),
        Harm("scale", in_scanner=_scale),
        Harm("stretch", in_scanner=_stretch),
        Harm("wobble", in_scanner=_wobble),
        Harm("cropped", in_scanner=_cropped),
        Harm("blur", in_scanner=_blur),
        Harm("noise", in_scanner=_noise),
        Harm("streak", in_scanner=_streak),
        Harm("dark-edge", in_scanner=_dark_edge),
        Harm("dark-background", in_scanner=_dark_background),
        Harm("large-canvas", in_scanner=_large_canvas),
        Harm("dark", in_scanner=_dark),
        Harm("light", in_scanner=_light),
        Harm("low-contrast", in_scanner=_low_contrast),
        Harm("photocopy", in_scanner=_photocopy),
        Harm("low-quality", in_scanner=_low_quality),
        Harm("bilevel", in_scanner=_bilevel),
        Harm("upside-down", in_scanner=_upside_down),
        Harm("sideways", in_scanner=_sideways),
    )
}

ORDINARY: Final = "ordinary"  # asked for like a harm: each sheet has its own luck

# What an office's ordinary stack shows, and on what share of its sheets.
_SHARES: Final = {
    "fold": 0.05,
    "crease": 0.02,
    "stain": 0.015,
    "smudge": 0.02,
    "show-through": 0.03,
    "stamp-astray": 0.01,
    "tear": 0.01,
    "dog-ear": 0.02,
    "staple-hole": 0.02,
    "pen-on-marker": 0.005,
    "skew": 0.03,
    "upside-down": 0.06,
    "dark-edge": 0.03,
}


def ordinary_harms(rng: Rng) -> tuple[str, ...]:
    """Draw what happened to one sheet of an ordinary stack; most often nothing."""
    luck = rng.random(len(_SHARES))
    return tuple(name for name, at in zip(_SHARES, luck, strict=True) if at < _SHARES[name])


def harm_paper(names: Sequence[str], sheet: Sheet, form: Form, rng: Rng) -> None:
    """Apply the harms of paper among `names`, in the order of `HARMS`."""
    for name, harm in HARMS.items():
        if name in names and harm.on_paper:
            harm.on_paper(sheet, form, rng)


def harm_scanner(names: Sequence[str], machine: Machine, feed: Feed, rng: Rng) -> tuple[Machine, Feed]:
    """Apply the harms of scanning among `names`, in the order of `HARMS`."""
    for name, harm in HARMS.items():
        if name in names and harm.in_scanner:
            machine, feed = harm.in_scanner(machine, feed, rng)
    return machine, feed
