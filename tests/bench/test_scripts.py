"""The measurements are no package and nobody imports them: each starts, and none repeats another's name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
NAMES = sorted(file.stem for file in BENCH.glob("*.py"))


def test_every_script_can_be_imported() -> None:
    code = f"import sys; sys.path.insert(0, {str(BENCH)!r})\nfor name in {NAMES}: __import__(name)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_what_is_timed_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopwatches are put around functions by their names."""
    monkeypatch.syspath_prepend(str(BENCH))
    import costs
    import inside

    assert [name for name in costs.STAGES if not callable(getattr(costs.reader, name, None))] == []
    parts = [name for names in inside.PARTS.values() for name in names]
    assert [name for name in parts if not callable(getattr(inside.marks, name, None))] == []


def test_a_bound_is_the_one_of_clopper_and_pearson(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate at which so few errors would be seen in one of twenty such trials, summed term by term."""
    from math import comb

    monkeypatch.syspath_prepend(str(BENCH))
    from harness import upper_bound

    for errors, of in ((0, 100), (1, 100), (7, 250), (99, 100)):
        rate = upper_bound(errors, of)
        seen = sum(comb(of, k) * rate**k * (1 - rate) ** (of - k) for k in range(errors + 1))
        assert seen == pytest.approx(0.05)
    assert upper_bound(5, 5) == 1.0


def test_a_run_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    import harness

    state = tmp_path / "state.jsonl"
    told = {"state": state, "version": "1", "workers": 1}
    first = harness.resumed({"a": 2, "b": 3}, squared, **told)
    assert [first[key]["square"] for key in "ab"] == [4, 9]
    lines = state.read_text("utf-8").splitlines()
    more = harness.resumed({"a": 5, "b": 3, "c": 4}, squared, **told)
    assert [more[key]["square"] for key in "abc"] == [4, 9, 16]  # what is done is not done again
    assert state.read_text("utf-8").splitlines()[:2] == lines
    other = harness.resumed({"a": 5}, squared, **(told | {"version": "2"}))
    assert other["a"]["square"] == 25


def squared(number: int) -> dict[str, object]:
    return {"square": number * number}
