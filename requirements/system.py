"""Install the packages that are missing: requirements/system.py [browser] [viewers] [wine] [scanner].

Looks for the thing itself, not for its package, so that a machine which has it from
elsewhere is left alone. Needs nothing but Python's standard library, and says in one
line what to install where it may not install it.
"""

from __future__ import annotations  # an old Python must get as far as being told that it is too old

import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import invalidate_caches
from importlib.util import find_spec
from typing import NoReturn

OLDEST_PYTHON = (3, 11)
LOCK_WAIT_S = 300  # unattended upgrades on a fresh machine hold the lock for minutes


def program(*names: str) -> Callable[[], bool]:
    """Return the check that one of these programs is on the path."""
    return lambda: any(shutil.which(name) for name in names)


def library(name: str) -> Callable[[], bool]:
    """Return the check that a shared library can be loaded."""

    def loads() -> bool:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True

    return loads


def reads_vietnamese() -> bool:
    """Return whether Tesseract has its Vietnamese data."""
    if not shutil.which("tesseract"):
        return False
    told = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=False)
    return "vie" in told.stdout.split()


def makes_environments() -> bool:
    """Return whether Python can make a virtual environment with pip in it."""
    invalidate_caches()  # it may have come with an installation just now
    return find_spec("venv") is not None and find_spec("ensurepip") is not None


# package -> how to see that what it brings is there
ALWAYS: dict[str, Callable[[], bool]] = {
    f"python{sys.version_info.major}.{sys.version_info.minor}-venv": makes_environments,
    "tesseract-ocr": program("tesseract"),
    "tesseract-ocr-vie": reads_vietnamese,
    "poppler-utils": program("pdftoppm"),
    "libzbar0": library("libzbar.so.0"),
    "libgl1": library("libGL.so.1"),
    "libglib2.0-0": library("libgthread-2.0.so.0"),
    "libxcb1": library("libxcb.so.1"),
}
# what the tests compare our pictures with
VIEWERS: dict[str, Callable[[], bool]] = {
    "ghostscript": program("gs"),
    "imagemagick": program("convert"),
    "libtiff-tools": program("tiffcp"),
    "libheif-examples": program("heif-enc"),
}
# scanners at the desks; it brings devices of its own, which the tests scan from
SCANNER: dict[str, Callable[[], bool]] = {"sane-utils": program("scanimage")}
BROWSER: dict[str, Callable[[], bool]] = {
    "chromium-headless-shell": program("chromium-headless-shell"),  # Chromium without its own windows
    "libatomic1": library("libatomic.so.1"),  # what Playwright's own node loads
}

# what plays a month with Python for Windows
WINE: dict[str, Callable[[], bool]] = {
    "wine": program("wine"),
    "wine64": program("wine64", "wine"),
    "gcc-mingw-w64-x86-64-win32": program("x86_64-w64-mingw32-gcc"),
}
MORE = {"browser": BROWSER, "viewers": VIEWERS, "wine": WINE, "scanner": SCANNER}


def stop(line: str) -> NoReturn:
    """End with one line and exit code 1."""
    sys.exit(f"omr: {line}")


def as_root() -> list[str] | None:
    """Return what makes a command run as root: nothing, sudo, or None where neither works."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    if sys.stdin.isatty():
        return ["sudo"]
    without_password = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if without_password.returncode == 0 else None


def update_lists(root: list[str]) -> None:
    """Fetch the package lists; apt waits for dpkg's lock by itself, but not for that of its lists."""
    for waited_s in range(0, LOCK_WAIT_S, 5):
        told = subprocess.run([*root, "apt-get", "update", "-q"], capture_output=True, text=True, check=False)
        if told.returncode == 0 or "lock" not in told.stderr:
            return  # a broken list of somebody else's is no reason to stop: the install will tell
        if waited_s == 0:
            print("Another program is using apt; waiting for it …", flush=True)
        time.sleep(5)


def install(packages: list[str]) -> None:
    """Install these packages, or stop with the line that a person can run."""
    by_hand = f"apt-get install {' '.join(packages)}"
    root = as_root()
    if not shutil.which("apt-get"):
        stop(f"missing here: {', '.join(packages)} (Debian's names); install them, then run this again")
    if root is None:
        stop(f"no right to install packages; run as root: {by_hand}")
    print(f"Installing what is missing: {' '.join(packages)}", flush=True)
    update_lists(root)
    command = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y"]
    command += ["--no-install-recommends", "-o", f"DPkg::Lock::Timeout={LOCK_WAIT_S}", *packages]
    told = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if told.returncode != 0:
        lines = [line for line in told.stdout.splitlines() if line.startswith("E:")] or ["apt-get failed"]
        stop(f"{lines[0]} — run it by hand: {by_hand}")


def main(wanted: list[str]) -> None:
    """Check, install what is missing, and check again."""
    if sys.version_info < OLDEST_PYTHON:
        found, needed = sys.version.split()[0], ".".join(map(str, OLDEST_PYTHON))
        stop(f"Python {found} is too old: install {needed} or newer and run make PYTHON=python{needed}")
    needed_now = {**ALWAYS, **{name: there for kind in wanted for name, there in MORE.get(kind, {}).items()}}
    missing = [package for package, there in needed_now.items() if not there()]
    if missing:
        install(missing)
    left = [package for package in missing if not needed_now[package]()]
    if left:
        stop(f"still missing after the installation: {', '.join(left)}")


main(sys.argv[1:])
