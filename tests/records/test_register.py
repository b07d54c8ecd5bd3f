"""Issue: registered and printed, both or neither, and no number twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanned import FORM, quick_print

from omr.errors import RegisterError
from omr.forms.serial import Issue, IssuedSerials
from omr.forms.template import fingerprint
from omr.records.offices.periods import PILOT, Period, parse_period
from omr.records.register.register import end_interrupted, issue, issued
from omr.records.store.store import Store

Issuing = Callable[..., Issue]


def states(store: Store) -> list[str]:
    return [row["state"] for row in store.rows("SELECT state FROM print_runs ORDER BY run")]


def order(store: Store, target: Path, count: int = 5, **changes: object) -> Issue:
    what = {
        "form": FORM,
        "unit": "PC06",
        "period": "2026-11",
        "by": "test",
        "print_forms": quick_print,
    } | changes
    return issue(store, what.pop("form"), count=count, target=target, **what)


def test_numbers_go_on_per_form_digit_and_year(issued_run: Issuing) -> None:
    other_form = replace(FORM, form="DL-02", digit=2)
    runs = [
        issued_run(5),
        issued_run(3),
        issued_run(2, form=other_form),
        issued_run(4, period="2027-01"),
        issued_run(1),
    ]
    assert [(run.digit, run.year, run.first, run.last) for run in runs] == [
        (1, 26, 1, 5),
        (1, 26, 6, 8),
        (2, 26, 1, 2),
        (1, 27, 1, 4),
        (1, 26, 9, 9),
    ]


def test_what_was_issued_is_found_again(store: Store, issued_run: Issuing) -> None:
    run = issued_run(5)
    (kept,) = issued(store)
    assert kept == run
    assert IssuedSerials(issued(store)).find(run.serial(3)) == run
    assert store.forms == {fingerprint(FORM): FORM}


def test_guard_letters_are_secret_unless_seeded(store: Store, tmp_path: Path) -> None:
    one, two = order(store, tmp_path / "1.pdf"), order(store, tmp_path / "2.pdf")
    assert one.key != two.key
    same = [order(store, tmp_path / f"s{at}.pdf", seed=5) for at in (1, 2)]
    assert same[0].key == same[1].key
    assert [row["seeded"] for row in store.rows("SELECT seeded FROM print_runs ORDER BY run")] == [0, 0, 1, 1]


def test_a_form_that_changed_without_a_new_revision_is_refused(store: Store, tmp_path: Path) -> None:
    order(store, tmp_path / "1.pdf")
    edited = replace(FORM, title="Tên khác")
    with pytest.raises(RegisterError) as error:
        order(store, tmp_path / "2.pdf", form=edited)
    assert error.value.key == "records.form_changed"
    assert not (tmp_path / "2.pdf").exists()
    order(store, tmp_path / "2.pdf", form=replace(edited, revision="2"))
    assert len(store.forms) == 2


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"unit": "PC99"}, "units.unknown"),
        ({"unit": "HONGBANG"}, "units.not_in_period"),
        ({"period": "2026-13"}, "records.no_period"),
        ({"count": 0}, "records.bad_count"),
        ({"count": 10_000_000}, "records.bad_count"),
        ({"target": Path("/no/such/folder/a.pdf")}, "records.no_target_folder"),
    ],
)
def test_what_cannot_be_issued_leaves_nothing(
    store: Store, tmp_path: Path, change: dict[str, object], key: str
) -> None:
    what = {"target": tmp_path / "a.pdf", "count": 5} | change
    with pytest.raises(RegisterError) as error:
        order(store, **what)
    assert error.value.key == key
    assert states(store) == []


def test_a_file_that_exists_is_never_overwritten(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "a.pdf"
    order(store, target)
    before = target.read_bytes()
    with pytest.raises(RegisterError) as error:
        order(store, target)
    assert error.value.key == "records.target_exists"
    assert target.read_bytes() == before
    assert states(store) == ["issued"]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_could_not_be_printed_is_void_and_its_numbers_are_gone(
    store: Store,
    tmp_path: Path,
    failure: BaseException,
) -> None:
    def fail(form: object, serials: Iterator[object], target: Path, **_: object) -> None:
        target.write_bytes(b"%PDF-")
        raise failure

    with pytest.raises((RegisterError, KeyboardInterrupt)):
        order(store, tmp_path / "a.pdf", print_forms=fail)
    assert states(store) == ["void"]
    assert list(tmp_path.glob("*.pdf*")) + list(tmp_path.glob(".*part")) == []
    assert issued(store) == []
    assert order(store, tmp_path / "a.pdf").first == 6


def test_a_run_that_died_while_printing_is_void(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "a.pdf"
    die_while(target, store.path, after_printing=False)
    assert states(store) == ["printing"]
    assert issued(store) == []
    end_interrupted(store, by="test")
    assert states(store) == ["void"]
    assert not target.exists()
    assert list(tmp_path.glob(".*part")) == []


def test_a_run_that_died_after_printing_is_issued(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "a.pdf"
    die_while(target, store.path, after_printing=True)
    assert states(store) == ["printing"]
    assert order(store, tmp_path / "b.pdf").first == 6
    assert states(store) == ["issued", "issued"]


def die_while(target: Path, database: Path, *, after_printing: bool) -> None:
    """Issue in a process of its own that is killed at the worst moment."""

    def killed() -> None:
        import omr.records.register.register as register

        def die(*_: object, **__: object) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        def print_and_die(*args: Any, **kw: Any) -> None:
            quick_print(*args, **kw)
            die()

        if after_printing:
            register._end = die
        with Store.open(database) as store:
            order(store, target, print_forms=quick_print if after_printing else print_and_die)

    process = multiprocessing.get_context("fork").Process(target=killed)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_a_run_that_is_being_printed_now_is_left_alone(store: Store, tmp_path: Path) -> None:
    seen = []

    def look(*args: Any, **kw: Any) -> None:
        with Store.open(store.path) as other:
            end_interrupted(other, by="other")
            seen.extend(states(other))
        quick_print(*args, **kw)

    order(store, tmp_path / "a.pdf", print_forms=look)
    assert seen == ["printing"]
    assert states(store) == ["issued"]


def test_many_at_once_never_share_a_number(store: Store, tmp_path: Path) -> None:
    def work(at: int) -> None:
        with Store.open(store.path) as own:
            for turn in range(3):
                order(own, tmp_path / f"{at}-{turn}.pdf", count=7)

    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=work, args=(at,)) for at in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    runs = issued(store)
    assert len(runs) == 12
    assert all(one.last + 1 == two.first for one, two in pairwise(runs))


def test_the_database_itself_refuses_a_number_twice(store: Store, issued_run: Issuing) -> None:
    import sqlite3

    run = issued_run(5)
    row = dict(next(store.rows("SELECT * FROM runs")))
    with pytest.raises(sqlite3.IntegrityError, match="never issued twice"), store.act("forge", by="x") as act:
        act.add(
            "runs", {**row, "event": act.event, "run": "R26-0099", "first": run.last, "last": run.last + 5}
        )


MONTHS = st.dates(min_value=parse_period("2020-01").first_day, max_value=parse_period("2099-11").first_day)


@given(MONTHS.map(lambda day: parse_period(f"{day:%Y-%m}")))
def test_periods_follow_each_other(period: Period) -> None:
    assert period.following.preceding == period == period.preceding.following
    assert period < period.following
    # The first days of March 2023, before the pilot, belong to no period.
    assert period.following.first_day == period.day_after or period.name == "2023-02"


def test_the_pilot_is_a_period_of_its_own() -> None:
    march = parse_period("2023-03")
    assert march.preceding == parse_period(PILOT)
    assert march.first_day.day == 15
    assert parse_period(PILOT).following == march
