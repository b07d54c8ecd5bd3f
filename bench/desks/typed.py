"""What people type in a month at the desks: each field of the journeys through a month, as it was filled.

The journeys are tests (`tests/web`), in a real browser; here somebody writes down what the windows get.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
import pytest
from playwright.sync_api import Keyboard, Page

TESTS: Final = Path(__file__).resolve().parents[2] / "tests" / "web"
JOURNEY: Final = "test_month_of_each_role.py::test_each_role_lives_its_month_without_a_terminal"
_NAMES: Final = re.compile(
    r"/(\d[\w.-]*|[A-Z]\w*\d|[0-9a-f]{8,})(?=/|$)"
)  # of months, stacks, slips: one page


@dataclass
class Typed:
    """A pytest plugin: who filled in which field of which page, how often and with how many signs."""

    people: dict[int, str] = field(default_factory=dict)  # a window, and who signed in at it
    found: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    signs: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def pytest_sessionstart(self) -> None:
        """Watch every window from now on."""
        for name, does in (
            ("fill", "types"),
            ("click", "clicks"),
            ("check", "clicks"),
            ("select_option", "chooses"),
            ("set_input_files", "chooses a file"),
        ):
            setattr(Page, name, self._watched(getattr(Page, name), does))
        pressed = Keyboard.press

        def press(keyboard: Keyboard, key: str, **more: Any) -> None:
            # The keyboard does not say whose it is: keys are counted, windows are not told apart.
            self.found["all", "", "keys", key if len(key) > 1 else "a letter or digit"] += 1
            pressed(keyboard, key, **more)

        Keyboard.press = press  # type: ignore[method-assign]  # a run of its own, which ends with it

    def _watched(self, call: Callable[..., Any], does: str) -> Callable[..., Any]:
        def watched(page: Page, selector: str, *more: Any, **named: Any) -> Any:
            said = str(more[0]) if more else ""
            if selector == "#name":
                self.people[id(page.context)] = said
            path = _NAMES.sub("/…", urlsplit(page.url).path)
            who = self.people.get(id(page.context), "administrator")
            at = who, path, does, selector
            self.found[at] += 1
            self.signs[at] += len(said) if does == "types" else 0
            return call(page, selector, *more, **named)

        return watched


@click.command()
@click.option("--journey", default=JOURNEY)
def main(journey: str) -> None:
    """List every field that is filled, button that is pressed and key in a journey through a month."""
    typed = Typed()
    ended = pytest.main(
        ["-q", "-p", "no:cacheprovider", "--no-header", str(TESTS / journey)], plugins=[typed]
    )
    for (who, path, does, what), times in typed.found.items():
        signs = typed.signs[who, path, does, what]
        click.echo(f"{who}\t{path}\t{does}\t{what}\t{times} x" + (f"\t{signs} signs" if signs else ""))
    for does in ("types", "clicks", "chooses", "chooses a file", "keys"):
        count = sum(times for (_, _, how, _), times in typed.found.items() if how == does)
        click.echo(f"{does}: {count}")
    raise SystemExit(int(ended))
