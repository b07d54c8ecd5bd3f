"""The way back from a stack, a month, a count: what depended on them is decided again by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas
from scanned import Outcome, Scanner, rejected, slip

from omr.errors import OmrError, RegisterError
from omr.forms.layout import find_form
from omr.forms.serial import Issue
from omr.records.batches.batches import find_batch
from omr.records.batches.withdrawal import (
    Moved,
    Valid,
    correct_batch,
    give_back_batch,
    withdraw_batch,
)
from omr.records.intake.orders import Orders
from omr.records.intake.prints import refuse_prints
from omr.records.month.closing import adjust, close
from omr.records.month.reconcile import reconcile
from omr.records.offices.periods import parse_period
from omr.records.offices.visits import visits_of, withdraw_visits
from omr.records.proof.chain import verify
from omr.records.register.register import issue
from omr.records.register.stock import count, withdraw_count
from omr.records.review.decide import decide
from omr.records.store.store import Store
from omr.words import Standing
from omr.workspace import Workspace

Issuing = Callable[..., Issue]
EMPTY = {key: "" for key in ("A1", "B1", "B2", "B3", "B10")}
NOVEMBER = parse_period("2026-11")
SAID = {"by": "minh", "why": "nhầm"}


def standings(store: Store) -> Counter[str]:
    return Counter(str(row["standing"]) for row in store.rows("SELECT standing FROM slips"))


def counted(store: Store, unit: str = "PC06", period: str = "2026-11") -> int:
    """Valid slips, as the report counts them."""
    where = "unit = ? AND period = ? AND state = 'valid'"
    return int(store.value(f"SELECT count(*) FROM returned_slips WHERE {where}", unit, period) or 0)


def returned(store: Store) -> int:
    """Returned slips, as the books count them."""
    return sum(line.returned for line in reconcile(store, NOVEMBER))


def no_reading(item: object, serial: object) -> Outcome:
    raise AssertionError


@pytest.fixture
def mistaken(store: Store, scanner: Scanner, issued_run: Issuing) -> tuple[str, str]:
    """The print file was read as a stack; then the true scans came."""
    run = issued_run(6)
    first = scanner.take_in(scanner.scan("print.tif", *(slip(run, n, **EMPTY) for n in range(1, 7))))
    second = scanner.take_in(scanner.scan("true.tif", *(slip(run, n) for n in range(1, 7))))
    return first.batch.name, second.batch.name


def test_a_print_file_that_was_read_is_withdrawn_and_the_true_scans_count(
    store: Store, workspace: Workspace, mistaken: tuple[str, str]
) -> None:
    assert standings(store) == {"counts": 6, "held": 6}
    change = withdraw_batch(store, mistaken[0], **SAID)
    assert standings(store) == {"counts": 6}
    assert counted(store) == returned(store) == 6
    assert store.value("SELECT count(*) FROM waiting") == change.waiting_after == 0
    assert change.slips == (Moved("PC06", "2026-11", Standing.HELD, 6, 0),)
    # Six count before and after: first those on which nothing is marked, which are in no figure.
    assert change.valid == (Valid("PC06", "2026-11", 0, 6),)
    assert verify(store, workspace.path).ok
    event = store.row("SELECT * FROM events ORDER BY event DESC LIMIT 1")
    assert event is not None
    assert (event["act"], event["by"], event["why"]) == ("withdraw_batch", "minh", "nhầm")


def test_withdrawing_the_true_scans_too_leaves_nothing(store: Store, mistaken: tuple[str, str]) -> None:
    for batch in mistaken:
        withdraw_batch(store, batch, **SAID)
    assert standings(store) == {}
    assert counted(store) == returned(store) == 0
    with pytest.raises(RegisterError) as error:
        withdraw_batch(store, mistaken[0], **SAID)
    assert error.value.key == "batch.withdrawn"


def test_what_is_given_back_stands_as_before(store: Store, mistaken: tuple[str, str]) -> None:
    """Withdrawing by mistake has its own way back."""
    before = [tuple(row) for row in store.rows("SELECT * FROM slips ORDER BY reading")]
    withdraw_batch(store, mistaken[0], **SAID)
    give_back_batch(store, mistaken[0], **SAID)
    assert [tuple(row) for row in store.rows("SELECT * FROM slips ORDER BY reading")] == before
    with pytest.raises(RegisterError) as error:
        give_back_batch(store, mistaken[0], **SAID)
    assert error.value.key == "batch.not_withdrawn"


def test_a_trial_says_what_would_change_and_stores_nothing(
    store: Store, workspace: Workspace, mistaken: tuple[str, str]
) -> None:
    events = store.value("SELECT count(*) FROM events")
    with store.trial():
        would = withdraw_batch(store, mistaken[0], **SAID)
    assert store.value("SELECT count(*) FROM events") == events
    assert standings(store) == {"counts": 6, "held": 6}
    assert verify(store, workspace.path).ok  # the mark saw nothing either
    assert withdraw_batch(store, mistaken[0], **SAID) == would


def test_a_refusal_because_of_the_other_slip_goes_with_it_and_another_decision_stays(
    store: Store, mistaken: tuple[str, str]
) -> None:
    for item, answer in (("H7", "refused"), ("H8", "counts"), ("H9", "KHL4")):
        decide(store, item, [answer], by="lan", why="x", read=no_reading)
    withdraw_batch(store, mistaken[0], **SAID)
    assert standings(store) == {"counts": 6}
    assert counted(store) == 5  # the one without a stamp stays invalid


def test_pages_of_a_withdrawn_batch_wait_no_more(store: Store, scanner: Scanner, issued_run: Issuing) -> None:
    run = issued_run(3)
    made = scanner.take_in(scanner.scan("a.tif", rejected("no_serial"), slip(run, 1, B1="?")))
    assert store.value("SELECT count(*) FROM waiting") == 2
    withdraw_batch(store, made.batch.name, **SAID)
    assert store.value("SELECT count(*) FROM waiting") == 0


def test_the_file_of_a_withdrawn_batch_does_not_come_in_silently(
    store: Store, scanner: Scanner, issued_run: Issuing
) -> None:
    file = scanner.scan("a.tif", slip(issued_run(3), 1))
    made = scanner.take_in(file)
    withdraw_batch(store, made.batch.name, **SAID)
    with pytest.raises(RegisterError) as error:
        scanner.take_in(file)
    assert (error.value.key, error.value.values["batch"]) == ("batch.read_withdrawn", made.batch.name)


def test_a_wrong_month_of_a_batch_is_corrected(store: Store, scanner: Scanner, issued_run: Issuing) -> None:
    """The default was today's month: twenty of twenty were held, one case each."""
    run = issued_run(20)
    stack = scanner.scan("a.tif", *(slip(run, n) for n in range(1, 21)))
    made = scanner.take_in(stack, period="2026-12", expected=19)
    assert standings(store) == {"held": 20}
    change = correct_batch(store, made.batch.name, Orders("PC06", "2026-11", 20), **SAID)
    assert standings(store) == {"counts": 20}
    assert counted(store) == returned(store) == 20
    assert {(one.standing, one.after) for one in change.slips} == {("held", 0), ("counts", 20)}
    assert find_batch(store, made.batch.name).orders == Orders("PC06", "2026-11", 20)


def test_a_wrong_unit_is_corrected_and_a_right_one_made_wrong_holds(
    store: Store, scanner: Scanner, issued_run: Issuing
) -> None:
    made = scanner.take_in(scanner.scan("a.tif", slip(issued_run(3), 1)), unit="PC07")
    assert standings(store) == {"held": 1}
    correct_batch(store, made.batch.name, Orders(), **SAID)  # as the serial says
    assert standings(store) == {"counts": 1}
    correct_batch(store, made.batch.name, Orders("PC07"), **SAID)
    assert standings(store) == {"held": 1}


def test_closed_months_stay_closed_and_an_adjustment_opens_them(
    store: Store, scanner: Scanner, issued_run: Issuing
) -> None:
    made = scanner.take_in(scanner.scan("a.tif", slip(issued_run(3), 1)))
    close(store, NOVEMBER, by="minh")
    for act in (
        lambda: withdraw_batch(store, made.batch.name, **SAID),
        lambda: correct_batch(store, made.batch.name, Orders(period="2026-12"), **SAID),
    ):
        with pytest.raises(RegisterError):
            act()
    adjust(store, NOVEMBER, by="minh", why="tệp in đọc nhầm")
    withdraw_batch(store, made.batch.name, **SAID)
    assert counted(store) == 0


@pytest.mark.parametrize("said", [{"by": "", "why": "x"}, {"by": "a", "why": " "}])
def test_who_and_why_are_asked(store: Store, mistaken: tuple[str, str], said: dict[str, str]) -> None:
    with pytest.raises(RegisterError):
        withdraw_batch(store, mistaken[0], **said)
    with pytest.raises(OmrError):
        withdraw_batch(store, "B999999", **SAID)


# --- stock and visits ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["recount", "withdraw"])
def test_a_stock_count_that_was_wrong_frees_the_slip_that_it_held(
    store: Store, scanner: Scanner, issued_run: Issuing, way: str
) -> None:
    """A serial counted in stock by mistake came back: it was held as of another month, and missing."""
    run = issued_run(5)
    told = {"unit": "PC06", "form": "DL-01", "period": "2026-11", "by": "lan"}
    count(store, [f"{run.serial(4)}..{run.serial(5)}"], **told)
    scanner.take_in(scanner.scan("a.tif", slip(run, 4)), period="2026-11")
    assert standings(store) == {"held": 1}
    if way == "recount":
        count(store, [str(run.serial(5))], **told)
    else:
        assert withdraw_count(store, **told, why="đếm nhầm") == 2
    assert standings(store) == {"counts": 1}
    assert counted(store) == returned(store) == 1
    (line,) = reconcile(store, NOVEMBER)
    assert line.balanced
    assert line.counted is (way == "recount")


def test_withdrawing_a_recount_brings_the_first_count_back(store: Store, issued_run: Issuing) -> None:
    run = issued_run(5)
    told = {"unit": "PC06", "form": "DL-01", "period": "2026-11", "by": "lan"}
    count(store, [f"{run.serial(2)}..{run.serial(5)}"], **told)
    count(store, [str(run.serial(5))], **told)
    withdraw_count(store, **told, why="lần đầu đúng")
    assert [line.in_stock for line in reconcile(store, NOVEMBER)] == [4]
    withdraw_count(store, **told, why="cũng sai")
    assert [line.in_stock for line in reconcile(store, NOVEMBER)] == [0]
    with pytest.raises(RegisterError) as error:
        withdraw_count(store, **told, why="x")
    assert error.value.key == "register.no_count"


def test_visits_are_taken_back_one_count_at_a_time(store: Store) -> None:
    for number, visits in enumerate((40, 400), start=1):
        with store.act("test", by="a") as act:
            row = {"visit_count": number, "unit": "PC06", "period": "2026-11", "visits": visits}
            act.add("visit_counts", row)
    assert withdraw_visits(store, "PC06", NOVEMBER, **SAID) == 400
    assert visits_of(store, "2026-11") == {"PC06": 40}
    assert withdraw_visits(store, "PC06", NOVEMBER, **SAID) == 40
    assert visits_of(store, "2026-11") == {}
    with pytest.raises(RegisterError) as error:
        withdraw_visits(store, "PC06", NOVEMBER, **SAID)
    assert error.value.key == "visits.none"


# --- our own print ---------------------------------------------------------------------------------


def kinds_of_print(printed: Path, folder: Path) -> dict[str, Path]:
    """The same print under another name, without its keywords, as one page of another PDF."""
    renamed = folder / "scan0001.pdf"
    renamed.write_bytes(printed.read_bytes())
    saved = folder / "saved.pdf"
    with pypdfium2.PdfDocument(printed) as document, pypdfium2.PdfDocument.new() as again:
        again.import_pages(document)
        again.save(saved)
    return {"renamed": renamed, "saved again": saved}


def test_our_own_print_is_refused_whatever_it_is_called(store: Store, tmp_path: Path) -> None:
    run, file = really_printed(store, tmp_path)
    for name, one in {"itself": file, **kinds_of_print(file, tmp_path)}.items():
        with pytest.raises(RegisterError) as error:
            refuse_prints(store, [one])
        assert (error.value.key, error.value.values["run"]) == ("records.print_file", run), name


def really_printed(store: Store, folder: Path) -> tuple[str, Path]:
    """Print a run as it really is: drawn pages with serials."""
    target = folder / "in.pdf"
    words = {"unit": "PC06", "period": "2026-11", "by": "test", "seed": 3}
    made = issue(store, find_form("DL-01", None), count=2, target=target, **words)
    return made.run, target


def test_a_scan_with_its_serial_as_text_is_no_print(
    store: Store, issued_run: Issuing, tmp_path: Path
) -> None:
    """Scanners that recognise text lay it under the picture."""
    run = issued_run(3)
    file = tmp_path / "ocr.pdf"
    canvas = Canvas(str(file))
    canvas.drawString(20, 20, run.serial(1).printed)
    canvas.drawInlineImage(Image.new("L", (300, 300), 200), 0, 0, 300, 300)
    canvas.save()
    refuse_prints(store, [file])


def test_a_foreign_drawn_file_is_no_print_of_ours(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "letter.pdf"
    canvas = Canvas(str(file))
    canvas.drawString(20, 20, "1 26 0000001 ABC DE")
    canvas.save()
    refuse_prints(store, [file])
