"""The queue and what people decide: added rows, and of one serial one slip counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scanned import Scanner, question, quick_print, rejected, slip

from omr.errors import OmrError
from omr.forms.serial import Issue, Serial
from omr.forms.template import Kind
from omr.reading.reader import ReadPage
from omr.records.counts.slips import CurrentSlip, current_slips
from omr.records.review.decide import decide, spoken
from omr.records.review.queue import Item, find_item, queue
from omr.records.store.store import Store
from omr.workspace import Workspace

Issuing = Callable[..., Issue]
Deciding = Callable[..., None]


@pytest.fixture
def decided(store: Store, scanner: Scanner, issued_run: Issuing) -> Deciding:
    """Decide on an item; a typed serial finds the slip that the test says is on that page."""

    def say(
        item: str, *answer: str, why: str = "đã xem ảnh", by: str = "lan", typed: ReadPage | None = None
    ) -> None:
        def read(item: Item, serial: Serial) -> ReadPage:
            assert typed is not None
            assert typed.page.serial == serial
            return typed

        decide(store, item, answer, by=by, why=why, read=read)

    return say


def waiting(store: Store) -> list[str]:
    return [item.item for item in queue(store)]


def current(store: Store) -> list[CurrentSlip]:
    return list(current_slips(store))


def test_what_decides_validity_comes_first(scanner: Scanner, store: Store, issued_run: Issuing) -> None:
    run = issued_run()
    scanner.take_in(scanner.scan("a.tif", slip(run, 1, A1="?", B1="?", B10="?"), rejected(), slip(run, 1)))
    assert waiting(store) == ["H2", "A1-B10", "P2", "A1-B1", "A1-A1"]
    assert [item.item for item in queue(store, kind="page")] == ["P2"]
    assert [item.item for item in queue(store, unit="PC06", reason="doubtful")] == [
        "A1-B10",
        "A1-B1",
        "A1-A1",
    ]
    assert all(find_item(store, item.item) == item for item in queue(store) if item.kind != "answer")


def test_a_decision_is_added_and_the_reading_stays(
    scanner: Scanner, store: Store, issued_run: Issuing, decided: Deciding
) -> None:
    scanner.take_in(scanner.scan("a.tif", slip(issued_run(), 1, B1="?")))
    machine = [tuple(row) for row in store.rows("SELECT * FROM answers")]
    decided("A1-B1", "2")
    assert waiting(store) == []
    answer = current(store)[0].answers["B1"]
    assert (answer.state, answer.codes, answer.by, answer.confidence) == ("answered", ("2",), "lan", 1.0)
    assert [tuple(row) for row in store.rows("SELECT * FROM answers")] == machine
    decided("A1-B1", "none", by="minh")
    assert current(store)[0].answers["B1"].by == "minh"
    decided("A1-B1", "withdraw")
    assert waiting(store) == ["A1-B1"]
    assert current(store)[0].answers["B1"].by == "machine"
    events = [tuple(row) for row in store.rows("SELECT by, why FROM events WHERE act = 'decide_answer'")]
    assert events == [("lan", "đã xem ảnh"), ("minh", "đã xem ảnh"), ("lan", "đã xem ảnh")]


@pytest.mark.parametrize(
    ("item", "answer", "why", "by", "key"),
    [
        ("A1-B1", ("6",), "", "lan", "review.bad_answer"),
        ("A1-B1", ("5", "4"), "", "lan", "review.bad_answer"),
        ("A1-B1", ("5", "none"), "", "lan", "review.bad_answer"),
        ("A1-B1", (), "", "lan", "review.bad_answer"),
        ("A1-B1", ("5",), "", " ", "review.no_name"),
        ("A1-B99", ("5",), "", "lan", "review.no_item"),
        ("A9-B1", ("5",), "", "lan", "review.no_item"),
        ("'; DROP TABLE pages", ("5",), "", "lan", "review.no_item"),
        ("P1", ("not_a_slip",), "x", "lan", "review.no_item"),
        ("P2", ("not_a_slip",), "", "lan", "review.no_why"),
        ("P2", ("KHL9",), "x", "lan", "serial.pattern"),
        ("S1", ("KHL9",), "x", "lan", "review.bad_answer"),
        ("S1", ("KHL4", "KHL6"), "x", "lan", "review.one_word"),
    ],
)
def test_what_does_not_fit_is_refused(
    scanner: Scanner,
    store: Store,
    issued_run: Issuing,
    decided: Deciding,
    item: str,
    answer: tuple[str, ...],
    why: str,
    by: str,
    key: str,
) -> None:
    scanner.take_in(scanner.scan("a.tif", slip(issued_run(), 1, B1="?"), rejected()))
    events = store.value("SELECT count(*) FROM events")
    with pytest.raises(OmrError) as error:
        decided(item, *answer, why=why, by=by)
    assert error.value.key == key
    assert store.value("SELECT count(*) FROM events") == events


def test_of_two_images_a_person_says_which_counts(
    scanner: Scanner, store: Store, issued_run: Issuing, decided: Deciding
) -> None:
    run = issued_run()
    scanner.take_in(scanner.scan("a.tif", slip(run, 1, B1="5"), slip(run, 1, B1="1")))
    assert [one.answers["B1"].codes for one in current(store)] == [("5",)]  # the first keeps counting
    decided("H2", "counts")
    assert [one.answers["B1"].codes for one in current(store)] == [("1",)]
    decided("H2", "withdraw")
    assert [one.answers["B1"].codes for one in current(store)] == [("5",)]
    assert waiting(store) == ["H2"]
    decided("H2", "refused")
    assert [one.answers["B1"].codes for one in current(store)] == [("5",)]
    assert waiting(store) == []


def test_a_held_slip_of_another_unit_counts_when_a_person_says_so(
    scanner: Scanner, store: Store, issued_run: Issuing, decided: Deciding
) -> None:
    scanner.take_in(scanner.scan("a.tif", slip(issued_run(unit="PC08"), 1)), unit="PC06")
    assert [(one.valid, one.reason) for one in current(store)] == [(False, "KHL7")]
    decided("H1", "counts")
    assert [(one.valid, one.reason, one.unit) for one in current(store)] == [(True, None, "PC08")]


def test_a_slip_without_stamp_is_invalid_once_a_person_confirmed(
    scanner: Scanner, store: Store, issued_run: Issuing, decided: Deciding
) -> None:
    scanner.take_in(scanner.scan("a.tif", slip(issued_run(), 1, B1="?")))
    decided("S1", "KHL4")
    assert [(one.valid, one.reason) for one in current(store)] == [(False, "KHL4")]
    assert waiting(store) == []  # no mark of an invalid slip needs a decision
    decided("S1", "counts")
    assert [(one.valid, one.reason) for one in current(store)] == [(True, None)]


def test_a_typed_serial_runs_the_reading_that_waited(
    scanner: Scanner, store: Store, issued_run: Issuing, decided: Deciding
) -> None:
    run = issued_run()
    scanner.take_in(scanner.scan("a.tif", rejected(), slip(run, 2)))
    decided("P1", run.serial(1).printed.lower(), typed=slip(run, 1, B1="3"))
    assert waiting(store) == []
    assert [(one.serial, one.answers["B1"].codes) for one in current(store)] == [
        (str(run.serial(2)), ("5",)),
        (str(run.serial(1)), ("3",)),
    ]
    decided("P1", str(run.serial(3)), typed=slip(run, 3))  # the first was a slip of the finger
    assert [one.serial for one in current(store)] == [str(run.serial(2)), str(run.serial(3))]
    decided("P1", "withdraw")
    assert [one.serial for one in current(store)] == [str(run.serial(2))]
    assert waiting(store) == ["P1"]


def test_a_typed_serial_that_was_counted_is_held(
    scanner: Scanner, store: Store, issued_run: Issuing, decided: Deciding
) -> None:
    run = issued_run()
    scanner.take_in(scanner.scan("a.tif", slip(run, 1), rejected()))
    decided("P2", str(run.serial(1)), typed=slip(run, 1, B1="1"))
    assert waiting(store) == ["H2"]
    assert [one.answers["B1"].codes for one in current(store)] == [("5",)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["H2", "H3", "S1", "S2", "S3"]),
            st.sampled_from(["counts", "refused", "withdraw", "KHL4"]),
        ),
        max_size=8,
    )
)
def test_whatever_people_decide_one_slip_of_a_serial_counts_at_most(
    tmp_path_factory: pytest.TempPathFactory,
    new_register: Callable[[Workspace], None],
    steps: list[tuple[str, str]],
) -> None:
    from scanned import FORM

    from omr.records.offices.units import import_units, read_units
    from omr.records.register.register import issue

    workspace = Workspace.create(tmp_path_factory.mktemp("law"))
    new_register(workspace)
    incoming = workspace.path / "incoming"
    incoming.mkdir()
    with Store.open(workspace.database) as store:
        import_units(
            store, read_units(b"unit,name,kind,valid_from\nPC06,PC06,department,2023-01-01\n"), by="t"
        )
        run = issue(
            store,
            FORM,
            unit="PC06",
            period="2026-11",
            count=3,
            target=incoming / "r.pdf",
            by="t",
            print_forms=quick_print,
        )
        scanner = Scanner(incoming, store, workspace)
        scanner.take_in(scanner.scan("a.tif", *(slip(run, 1, B1=code) for code in "543")))
        for item, word in steps:
            try:
                decide(store, item, [word], by="lan", why="x", read=lambda item, serial: slip(run, 1))
            except OmrError as error:
                assert error.key == "review.two_count"
            counting = store.value("SELECT count(*) FROM slips WHERE standing = 'counts'")
            assert int(str(counting)) <= 1
        assert len(current(store)) == 1


def test_few_answers_are_no_question_once_a_person_said_what_each_is(
    scanner: Scanner, store: Store, issued_run: Issuing, decided: Deciding
) -> None:
    run = issued_run()
    scanner.take_in(scanner.scan("a.tif", slip(run, 1, B1="?", B2="", B3="", B10="?")))
    with store.act("test", by="test") as act:
        act.add("doubts", {"reading": 1, "reason": "few_answers"})
    assert "S1" in waiting(store)
    decided("A1-B1", "5")
    assert "S1" in waiting(store)  # the overall answer is still open
    decided("A1-B10", "4")
    assert waiting(store) == []
    decided("A1-B10", "withdraw")
    assert waiting(store) == ["S1", "A1-B10"]


def test_a_question_that_takes_several_answers_is_never_answered_too_often() -> None:
    several = question("A3", Kind.MULTIPLE, ("a", "b"))
    with pytest.raises(OmrError, match="nhiều ô"):
        spoken(several, ["multiple"])
    given = spoken(several, ["a", "b"])
    assert given is not None and given.codes == ("a", "b")
