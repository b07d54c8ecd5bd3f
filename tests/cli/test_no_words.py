"""What is typed first: the name of the program and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_without_any_word_the_commands_are_listed(omr: Callable[..., Any]) -> None:
    ran = omr()
    assert "doctor" in ran.out + ran.err
