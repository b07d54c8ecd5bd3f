"""A survey of another maker through the whole way: traced, confirmed, read, counted apart, reported."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from omr.cli import main
from omr.simulate.foreign import FilledSheet, Survey, course_evaluation, filled_sheet
from omr.simulate.scans import write_pdf

DPI = 150
WHERE = ("--unit", "PC06", "--period", "2026-11")


@pytest.fixture(scope="module")
def survey() -> Survey:
    return course_evaluation(rows=8)


@pytest.fixture(scope="module")
def sheets(survey: Survey) -> list[FilledSheet]:
    return [filled_sheet(survey, 61, page, dpi=DPI) for page in (1, 2, 3)]


@pytest.fixture(scope="module")
def scans(survey: Survey, sheets: list[FilledSheet], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    write_pdf([filled_sheet(survey, 61, 0, dpi=DPI, empty=True).picture], folder / "unfilled.pdf")
    write_pdf([sheet.picture for sheet in sheets], folder / "stack.pdf")
    write_pdf([sheets[1].picture], folder / "one-again.pdf")
    return folder


@pytest.fixture(scope="module")
def traced(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """What `omr forms trace` wrote and said, once for all who go on from there."""
    file, said = tmp_path_factory.mktemp("traced") / "course.toml", io.StringIO()
    words = ["forms", "trace", str(scans / "unfilled.pdf"), "--form", "COURSE", "-o", str(file), "--json"]
    with redirect_stdout(said), pytest.raises(SystemExit) as end:
        main(words)
    assert not end.value.code
    return file.parent, json.loads(said.getvalue())


@pytest.fixture
def own(traced: tuple[Path, Any], workspace: Any) -> Path:
    """The same in a workspace of one's own."""
    shutil.copytree(traced[0], workspace.forms / "traced")
    return Path(workspace.forms / "traced" / "course.toml")


@pytest.fixture
def run(omr: Callable[..., Any], workspace: Any) -> Callable[..., Any]:
    def run(*words: object, code: int | None = 0) -> Any:
        ran = omr("--workspace", workspace.path, *words)
        assert code in (None, ran.code), ran.err + ran.out
        return ran

    run("units", "import", "hai-phong-2023")
    return run


def confirm(file: Path) -> None:
    """What a person does: two levels count as satisfied, the last question is the overall one."""
    text = file.read_text("utf-8")
    for code in "12":
        text = text.replace(
            f'code = "{code}", label = "", satisfied = false',
            f'code = "{code}", label = "", satisfied = true',
        )
    head, _, last = text.rpartition('kind = "single"')
    file.write_text(
        f'{head}kind = "single"\noverall = true{last}'.replace("confirmed = false", "confirmed = true"),
        "utf-8",
    )


def test_a_survey_that_was_not_printed_here_lives_through_the_whole_way(
    run: Callable[..., Any], traced: tuple[Path, Any], own: Path, scans: Path, tmp_path: Path
) -> None:
    told = traced[1]
    assert (told["questions"], told["boxes"], told["learned"]) == (9, 44, "unfilled")
    assert [(kind["boxes"], kind["shape"]) for kind in told["of_kind"]] == [(40, "oval"), (4, "rectangle")]
    assert run("read", scans / "stack.pdf", *WHERE, code=None).code == 3  # nobody confirmed it: of no form
    assert run("answers", "--json").json == []

    confirm(own)
    run("forms", "check", own)
    other = tmp_path / "copy"  # what was refused is in the register; the stack is scanned again
    other.mkdir()
    again = [filled_sheet(course_evaluation(rows=8), 62, page, dpi=DPI) for page in (1, 2, 3)]
    write_pdf([sheet.picture for sheet in again], other / "second.pdf")
    refused = run("read", other / "second.pdf", code=1)  # the paper does not say whose it is
    assert "COURSE" in refused.err
    assert run("answers", "--json").json == []

    receipt = run("read", other / "second.pdf", *WHERE, "--json", code=None).json
    assert (receipt["read"], receipt["not_printed_here"]) == (3, {"COURSE": 3})
    answers = run("answers", "--json").json
    assert [slip["serial"] for slip in answers] == [f"COURSE/{n:07}" for n in (1, 2, 3)]
    asked = 0
    for slip, sheet in zip(answers, again, strict=True):
        for key, codes in sheet.slip.answers.items():
            given = slip["answers"][key]
            asked += given["state"] == "doubtful"
            assert given["state"] == "doubtful" or tuple(given["codes"]) == codes, (slip["serial"], key)
    assert asked <= 2

    counted = run("read", other / "second.pdf", *WHERE, "--json", code=None).json
    assert counted["duplicates"] == 3
    write_pdf([again[1].picture], other / "third.pdf")
    twice = run("read", other / "third.pdf", *WHERE, "--json", code=None).json
    assert (twice["read"], twice["counting"]) == (1, 0)  # the very picture of a page that counts

    books = run("register", "reconcile", "--period", "2026-11", "--json", code=None).json
    assert not any(line["form"] == "COURSE" for line in books)
    assert run("redecide", "--period", "2026-11", "--dry-run", "--json").json["changed"] == []
    reported = run(
        "report", "--period", "2026-11", "--survey", "course", "-o", tmp_path / "r", "--json", code=None
    )
    figures = reported.json["figures"]
    satisfied = sum(sheet.slip.answers["Q9"][0] in ("1", "2") for sheet in again if sheet.slip.answers["Q9"])
    assert figures["overall"]["satisfied"] <= satisfied  # what is doubtful counts once a person says so
    assert figures["slips"]["valid"] == 3


def test_a_form_that_changed_without_a_new_revision_reads_nothing(
    run: Callable[..., Any], own: Path, scans: Path
) -> None:
    file = own
    confirm(file)
    run("read", scans / "one-again.pdf", *WHERE, code=None)
    file.write_text(file.read_text("utf-8").replace('key = "Q2"', 'key = "B2"'), "utf-8")
    assert run("read", scans / "stack.pdf", *WHERE, code=1).err
    # With another revision both are read by: what was read stays what it was.
    text = file.read_text("utf-8")
    old = next(line for line in text.splitlines() if line.startswith("revision"))
    file.write_text(text.replace(old, 'revision = "2"'), "utf-8")
    write_pdf([filled_sheet(course_evaluation(rows=8), 63, 1, dpi=DPI).picture], file.parent / "more.pdf")
    assert run("read", file.parent / "more.pdf", *WHERE, "--json", code=None).json["read"] == 1


def test_a_draft_is_traced_anew_and_a_confirmed_form_only_when_told(
    run: Callable[..., Any], own: Path, tmp_path: Path
) -> None:
    write_pdf(
        [filled_sheet(course_evaluation(rows=2), 61, 0, dpi=DPI, empty=True).picture], tmp_path / "s.pdf"
    )
    trace = ("forms", "trace", tmp_path / "s.pdf", "--form", "COURSE", "--json")
    draft = own.read_text("utf-8").replace('text = ""', 'text = "Words"', 1)
    own.write_text(draft, "utf-8")
    kept = Path(run(*trace).json["replaced"])
    assert (kept / "course.toml").read_text("utf-8") == draft  # what somebody wrote is not lost
    run("forms", "check", kept / "course.toml")  # with the print that it speaks of
    assert own.read_text("utf-8") != draft

    confirm(own)
    before = own.read_bytes()
    assert "--replace" in run(*trace, code=1).err and own.read_bytes() == before
    assert Path(run(*trace, "--replace").json["replaced"], "course.toml").read_bytes() == before
    own.write_text("half a", "utf-8")  # somebody is at it
    assert "--replace" in run(*trace, code=1).err and own.read_text("utf-8") == "half a"


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("box = [", "box = [90000, ", "question[1].option[1].box"),
        ('key = "Q2"', 'key = "Q1"', "question[1].key"),
        ('sha256 = "', 'sha256 = "0', "sha256"),
        ("dpi = ", "dpi = -", "dpi"),
    ],
)
def test_a_wrong_file_says_where(
    old: str, new: str, where: str, run: Callable[..., Any], own: Path, scans: Path
) -> None:
    file = own
    file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    problems = run("forms", "check", file, "--json", code=1).json["problems"]
    assert where in [problem["where"] for problem in problems], json.dumps(problems)
    assert run(
        "read", scans / "stack.pdf", *WHERE, code=1
    ).err  # nothing is read by a form nobody understands
