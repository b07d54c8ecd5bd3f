"""The browser that tests and pictures of the guides are made with."""

from __future__ import annotations

import shutil


def chromium() -> str:
    """Where Debian's Chromium is, without its windows if that one is there: half the work for the same pages.

    Its absence fails the tests, it never skips them.
    """
    found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert found, "Chromium is missing: make browser (apt-get install chromium-headless-shell)"
    return found
