"""Scanners as SANE's ``scanimage`` shows them: which there are, what they can, the command that scans.

Backends name the same thing differently (a feeder is "ADF", "Automatic Document Feeder", "Feeder(left
aligned)"), so what a profile wants is matched to what the device lists. Network scanners that speak
eSCL or WSD come through the backend sane-airscan in the same way.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omr.errors import OmrError
from omr.workspace import ScannerSettings

PROGRAM: Final = "scanimage"
LIST_S: Final = 30.0  # network scanners answer within seconds, one that is asleep within twenty
# A slip is A5. The scanner may go on 25 mm below it, so that two sheets that overlap show as a long one.
WIDTH_MM: Final = 152
LENGTH_MM: Final = 235

_LINE: Final = re.compile(r"^ {4}(--?[a-z][\w-]*)(?:\[=|[= ])?(.*)$")
_RANGE: Final = re.compile(r"^(?:auto\|)?(-?[\d.]+)\.\.(-?[\d.]+)")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_FEEDER: Final = re.compile(r"adf|feeder", re.IGNORECASE)
_BOTH_SIDES: Final = re.compile(r"duplex|both|two.?sided", re.IGNORECASE)
_BACK: Final = re.compile(r"\bback\b|rear", re.IGNORECASE)
_GLASS: Final = re.compile(r"flatbed|platen|glass", re.IGNORECASE)
_GREY: Final = re.compile(r"gr[ae]y", re.IGNORECASE)
_DITHERED: Final = re.compile(r"error|dither|halftone|\[", re.IGNORECASE)
_COLOUR: Final = re.compile(r"colou?r", re.IGNORECASE)

# How scanimage ends, by the status of the SANE standard (section 4.2.7) -> the word for it.
ENDED: Final[Mapping[int, str]] = {
    0: "done",
    2: "stopped_there",
    3: "busy",
    6: "jammed",
    7: "empty",
    8: "cover_open",
    9: "io_error",
    10: "io_error",
    11: "denied",
}


@dataclass(frozen=True, slots=True)
class Device:
    """A scanner that SANE found."""

    name: str  # as SANE calls it
    label: str  # maker and model


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that may be set on a device."""

    values: tuple[str, ...]  # those of a list; empty where it is a range or anything
    least: float | None = None
    most: float | None = None


def is_there() -> bool:
    """Whether ``scanimage`` is installed."""
    return shutil.which(PROGRAM) is not None


def devices() -> list[Device]:
    """Return the scanners that SANE finds now; it asks the network, which takes seconds.

    Raises
    ------
    OmrError
        If scanimage is missing or does not answer.
    """
    told = _ask("-f", "%d\t%v %m%n")
    lines = [line.split("\t", 1) for line in told.splitlines() if "\t" in line]
    return [Device(name, label.strip()) for name, label in lines]


def options(device: str) -> dict[str, Option]:
    """Return what may be set on a device, by its name on the command line.

    Raises
    ------
    OmrError
        If scanimage is missing or does not answer, or the device cannot be opened.
    """
    return parse_options(_ask("-d", device, "-A"))


def parse_options(text: str) -> dict[str, Option]:
    r"""Return the options of ``scanimage -A``; those that are inactive now are left out.

    Examples
    --------
    >>> told = parse_options("    --source Flatbed|ADF Duplex [Flatbed]\n    -y 0..356mm [297]\n")
    >>> told["--source"].values, told["-y"].most
    (('Flatbed', 'ADF Duplex'), 356.0)
    """
    found = {}
    for line in text.splitlines():
        match = _LINE.match(line.rstrip())
        if match is None:
            continue
        said, tags = match[2], []
        while said.endswith("]") and " [" in said:  # "[value now] [read-only]", after the values
            said, _, tag = said.rpartition(" [")
            tags.append(tag.removesuffix("]"))
        if "inactive" in tags:
            continue
        span = _RANGE.match(said)
        if span:
            found[match[1]] = Option((), float(span[1]), float(span[2]))
        else:
            listed = (said[1:].removesuffix(")]") if said.startswith("(") else said).split("|")
            found[match[1]] = Option(tuple(value.strip() for value in listed if value.strip()))
    return found


def command(
    scanner: ScannerSettings, can: Mapping[str, Option], target: Path, *, first: int, most: int | None
) -> list[str]:
    """Return the command that scans into ``target/<number>.png`` and prints each file when it is whole.

    Parameters
    ----------
    can : mapping
        The device's options.
    first : int
        Number of the first page.
    most : int, optional
        Pages at most; from the glass it is always one.

    Raises
    ------
    OmrError
        If the device has no feeder where the profile wants one.
    """
    words = [PROGRAM, "-d", scanner.device, "--format=png", f"--batch={target}/%07d.png", "--batch-print"]
    words += [f"--batch-start={first}"]
    count = most if scanner.feeder else 1
    words += [f"--batch-count={count}"] if count is not None else []
    words += _source(scanner, can)
    mode = _first(can, "--mode", _COLOUR if scanner.colour else _GREY)
    words += [f"--mode={mode}"] if mode else []
    words += _resolution(scanner.dpi, can.get("--resolution"))
    for name, wanted in (("-x", WIDTH_MM), ("-y", LENGTH_MM)):
        there = can.get(name)
        if there is not None and there.most is not None:
            words += [name, f"{min(wanted, there.most):g}"]
    return [*words, *scanner.options]


def _source(scanner: ScannerSettings, can: Mapping[str, Option]) -> list[str]:
    sources = can["--source"].values if "--source" in can else ()
    feeders = [one for one in sources if _FEEDER.search(one)]
    if not scanner.feeder:
        glass = next((one for one in sources if _GLASS.search(one)), None)
        return [f"--source={glass}"] if glass else []
    if not feeders:
        if sources:  # a device that names its sources and has no feeder among them
            raise OmrError("scanning.no_feeder", device=scanner.device)
        return _sides(scanner, can)
    both = [one for one in feeders if _BOTH_SIDES.search(one)]
    one_sided = [one for one in feeders if one not in both and not _BACK.search(one)]
    chosen = both if scanner.duplex and both else one_sided or feeders
    return [f"--source={chosen[0]}", *([] if chosen is both else _sides(scanner, can))]


def _sides(scanner: ScannerSettings, can: Mapping[str, Option]) -> list[str]:
    """Say how many sides are scanned, on devices where that is an option of its own."""
    if "--adf-mode" in can:
        mode = _first(can, "--adf-mode", _BOTH_SIDES if scanner.duplex else re.compile("simplex", re.I))
        return [f"--adf-mode={mode}"] if mode else []
    if "--duplex" in can:
        return [f"--duplex={'yes' if scanner.duplex else 'no'}"]
    if scanner.duplex:
        raise OmrError("scanning.no_duplex", device=scanner.device)
    return []


def _resolution(wanted: int, option: Option | None) -> list[str]:
    """Return the resolution that is asked for, else the next finer one, else the finest."""
    if option is None:
        return []
    listed = sorted(float(found[0]) for value in option.values if (found := _NUMBER.match(value)))
    if listed:
        return [f"--resolution={next((one for one in listed if one >= wanted), listed[-1]):g}"]
    if option.most is None:
        return [f"--resolution={wanted}"]
    return [f"--resolution={min(max(float(wanted), option.least or 0.0), option.most):g}"]


def _first(can: Mapping[str, Option], name: str, pattern: re.Pattern[str]) -> str | None:
    """Return the first value that fits, one without dots of black for grey if there is one."""
    fitting = [one for one in can[name].values if pattern.search(one)] if name in can else []
    return min(fitting, key=lambda one: bool(_DITHERED.search(one)), default=None)


def _ask(*words: str) -> str:
    if not is_there():
        raise OmrError("scanning.no_program")
    try:
        ran = subprocess.run(
            [PROGRAM, *words],
            env=plain_words(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OmrError("scanning.no_answer", seconds=round(LIST_S)) from error
    if ran.returncode != 0:
        raise OmrError("scanning.not_reached", detail=last_line(ran.stderr))
    return ran.stdout.decode("utf-8", "replace")


def plain_words() -> dict[str, str]:
    """Return an environment in which scanimage speaks as it is documented."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def last_line(said: bytes | Sequence[str]) -> str:
    """Return what scanimage said last about itself, without its name."""
    lines = said.decode("utf-8", "replace").splitlines() if isinstance(said, bytes) else list(said)
    told = [line for line in lines if line.startswith(f"{PROGRAM}: ")]
    return (told or lines or [""])[-1].removeprefix(f"{PROGRAM}: ").strip()[:300]
