"""Stored words stand once: tables, views, catalogues and desks say what `omr.words` says."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import pytest

from omr import words
from omr.forms.printing.carriers import CODES
from omr.forms.template import Kind
from omr.geometry import FRAMES
from omr.messages import LANGUAGES, catalogue
from omr.records.counts.validity import judge, rules
from omr.records.review.queue import PAGE_OUTCOMES, SLIP_OUTCOMES
from omr.records.store.store import Store
from omr.trust import rekeying
from omr.words import (
    AnswerState,
    Aside,
    BoxState,
    Carrier,
    PageDecision,
    PageOutcome,
    PeriodState,
    Seal,
    SlipDecision,
    SlipDoubt,
    Standing,
)
from omr.workspace import Workspace

HOUSE = Path(__file__).parent.parent
WORDS = [found for found in vars(words).values() if isinstance(found, type) and issubclass(found, StrEnum)]

# (table, column) -> the words that its CHECK must know; a column that is not named here has no words
STORED = {state for state in AnswerState if state.stored}
CHECKED: dict[tuple[str, str], set[str]] = {
    ("answers", "state"): STORED,
    ("corrected_answers", "state"): {*STORED, words.WITHDRAWN},
    ("decided_answers", "state"): {*STORED, words.WITHDRAWN},
    ("decided_pages", "outcome"): set(PageDecision),
    ("decided_slips", "outcome"): set(SlipDecision),
    ("electronic_answers", "state"): STORED - {AnswerState.DOUBTFUL},
    ("form_questions", "kind"): set(Kind),
    ("page_marks", "seal"): set(Seal),
    ("pages", "outcome"): set(PageOutcome),
    ("period_states", "state"): set(PeriodState) - {PeriodState.OPEN},
    ("readings", "seal"): set(Seal),
    ("rekeyed_slips", "paper"): {rekeying.FOUND, rekeying.INVALID, rekeying.MISSING},
    ("run_ends", "state"): {"issued", "void"},
    ("set_aside", "reason"): {aside for aside in Aside if aside.stored},
}


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    with Store.open(workspace.database) as opened:
        yield opened


def test_every_check_of_words_says_the_same_words(store: Store) -> None:
    found: dict[tuple[str, str], set[str]] = {}
    for row in store.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL"):
        for column, listed in re.findall(r"CHECK \((\w+) IN \(([^)]*)\)", row["sql"]):
            if said := set(re.findall(r"'(\w+)'", listed)):
                found[row["name"], column] = said
    assert found == CHECKED


@pytest.mark.parametrize("aside", [*(aside for aside in Aside if aside.stored), None])
@pytest.mark.parametrize("decided", [*(said for said in SlipDecision if said is not SlipDecision.VOID), None])
def test_the_views_place_a_slip_as_the_words_say(
    store: Store, aside: Aside | None, decided: SlipDecision | None
) -> None:
    by_hand = "KHL4" if decided is SlipDecision.INVALID else None
    _lay_in(store, aside, decided, by_hand)
    slip = store.row("SELECT standing, rank, set_aside FROM slips")
    assert slip is not None
    if decided in (SlipDecision.COUNTS, SlipDecision.INVALID):
        standing = Standing.COUNTS
    elif decided is SlipDecision.REFUSED:
        standing = Standing.REFUSED
    else:
        standing = aside.meanwhile.standing if aside else Standing.COUNTS
    assert (slip["standing"], slip["set_aside"]) == (standing, aside)
    assert slip["rank"] == {Standing.COUNTS: 0, Standing.HELD: 1}.get(standing, 2)
    returned = store.row("SELECT reason, state FROM returned_slips")
    counted = standing is Standing.COUNTS or aside is None or aside.meanwhile.returned
    assert (returned is not None) == counted
    if returned is not None:
        expected = judge(
            next(iter(store.forms.values())), {}, standing=standing, set_aside=aside, reason_by_hand=by_hand
        )
        said_nothing = expected == "KHL5" and aside is None and decided is None  # no row of answers here
        assert returned["reason"] == (None if said_nothing else expected)
    waits = store.row("SELECT reason FROM waiting WHERE kind = 'held'")
    assert (waits["reason"] if waits else None) == (aside if standing is Standing.HELD else None)


def _lay_in(store: Store, aside: Aside | None, decided: SlipDecision | None, by_hand: str | None) -> None:
    """Put one slip into a register, set aside and decided as wanted."""
    from scanned import FORM

    from omr.forms.template import fingerprint
    from omr.records.register.register import archive_form

    mark, digest = fingerprint(FORM), "0" * 64
    with store.act("lay_in", by="test") as act:
        archive_form(store, act, FORM)
        run = {"run": "R", "form": FORM.form, "fingerprint": mark, "unit": "PC06", "period": "2026-11"}
        numbers = {"digit": 1, "year": 26, "first": 1, "last": 9, "key": b"k" * 32, "seeded": 1}
        act.add("runs", {**run, **numbers, "target": "r.pdf"})
        act.add("originals", {"original": digest, "path": "a", "bytes": 1})
        act.add("batches", {"batch": "B", "unit": None, "period": None, "expected": None})
        page = {"page": 1, "batch": "B", "original": digest, "number": 1, "picture": "p"}
        act.add("pages", {**page, "outcome": PageOutcome.READ, "reason": None, "measured": None})
        about = {"serial": "S", "run": "R", "number": 1, "unit": "PC06", "period": "2026-11"}
        seen = {"carriers": "qr", "dpi": 200.0, "residual_mm": 0.0, "scan_from_page": "[]", "marks": b""}
        act.add("readings", {"reading": 1, "page": 1, **about, **seen, "seal": Seal.UNKNOWN, "streaks": None})
        if aside:
            act.add("set_aside", {"reading": 1, "reason": aside, "other": None})
        if decided:
            act.add("decided_slips", {"decision": 1, "reading": 1, "outcome": decided, "reason": by_hand})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_has_its_sentences(language: str) -> None:
    wanted = [
        *(("receipt", aside.value) for aside in Aside),
        *((word.label.split(".")[0], word.label.split(".")[1]) for word in (*Aside, *SlipDoubt)),
        *((word.label.split(".")[0], word.label.split(".")[1]) for word in (*BoxState, *AnswerState)),
        *(("page", f"doubt_{word}") for word in SlipDoubt if word is not SlipDoubt.NO_STAMP),  # of the batch
        *(("review", f"word_{word}") for word in (*SLIP_OUTCOMES, *PAGE_OUTCOMES)),
        *(("register", f"is_{word}") for word in PeriodState),
        *(("web", f"role_{word}{about}") for word in words.Role for about in ("", "_about")),
    ]
    missing = [f"{area}.{key}" for area, key in wanted if not catalogue(language, area).get(key)]
    assert not missing


def test_what_a_desk_offers_can_be_decided() -> None:
    for word in (*Aside, *SlipDoubt):
        offered = word.meanwhile.offered if isinstance(word, Aside) else word.offered
        assert set(offered) <= {*SLIP_OUTCOMES, *rules().texts}
    assert {aside.meanwhile.rule for aside in Aside} <= set(rules().texts)


def test_the_check_without_the_program_knows_what_exports_did_not_say() -> None:
    """Of the words there were then; of later ones every export says it, and nothing is left to be written."""
    told = runpy.run_path(str(HOUSE / "docs/verify_export.py"), run_name="read")["UNSAID"]
    assert set(told["again"]) <= {one for one in Aside if one.meanwhile.standing is Standing.DUPLICATE}
    assert set(told["not_returned"]) <= {one for one in Aside if not one.meanwhile.returned}


# Words that mean nothing else anywhere: who writes one as a text compares texts.
ALONE: set[str] = {
    *Aside,
    *SlipDoubt,
    *get_args(words.Labelled),
    AnswerState.NO_ANSWER,
    PageOutcome.BLANK_BACK,
    PageDecision.NOT_A_SLIP,
    PageDecision.RESCANNED,
} - {BoxState.BLANK, Aside.SPOILED}  # figures of receipt and books have these names, too


def _texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield what is written as a text, without docstrings."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    docs = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and node.body
            and isinstance(node.body[0], ast.Expr)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node


def test_nobody_writes_a_stored_word_as_a_text() -> None:
    """Also not inside SQL: a query is given the word. Migrations keep what they said."""
    quoted, written = re.compile(r"'(\w+)'"), list[str]()
    for file in sorted((HOUSE / "omr").rglob("*.py")):
        if file.name == "words.py" or "migrations" in file.parts or file.name == "schema.py":
            continue
        for node in _texts(ast.parse(file.read_text("utf-8"))):
            said: Any = node.value
            if found := ({said} | set(quoted.findall(said))) & ALONE:
                written.append(f"{file.relative_to(HOUSE)}:{node.lineno}: {found}")
    assert not written


# Where one more word of a kind is to be written, besides what gives it; CONTRIBUTING's map says the same.
MIGRATION, CATALOGUES, WORDS_PY = "omr/records/store/migrations", "omr/catalogues", "omr/words.py"
PLACES: dict[type[StrEnum], set[str]] = {
    Aside: {WORDS_PY, CATALOGUES, MIGRATION},
    BoxState: {WORDS_PY, CATALOGUES, "omr/reading/overlay.py"},
    Carrier: {WORDS_PY, "omr/geometry.py", "omr/forms/printing/carriers.py"},
}


@pytest.mark.parametrize("kind", PLACES, ids=lambda kind: kind.__name__)
def test_a_further_word_has_three_places_and_no_more(kind: type[StrEnum]) -> None:
    """A list of the words of a kind, a table that checks them, their sentences: nowhere else, or here."""
    members = list(CODES) if kind is Carrier else list(kind)  # further carriers are codes
    found = {WORDS_PY}
    for file in sorted((HOUSE / "omr").rglob("*.py")):
        if _lists(ast.parse(file.read_text("utf-8")), kind.__name__, {word.name for word in members}):
            found.add(file.relative_to(HOUSE).as_posix())
    if any(len(checked & set(kind)) > len(kind) / 2 for checked in CHECKED.values()):
        found.add(MIGRATION)
    labels = [getattr(word, "label", "").partition(".") for word in kind]
    if any(key in catalogue(language, area) for area, _, key in labels if key for language in LANGUAGES):
        found.add(CATALOGUES)
    assert found == PLACES[kind]
    assert len(found) <= 3
    told = (HOUSE / "CONTRIBUTING.md").read_text("utf-8")
    row = next(line for line in told.splitlines() if line.startswith(f"| {MAP[kind]} |"))
    assert all(place in row or (place == MIGRATION and "a migration" in row) for place in found)


MAP = {Aside: "a reason to set a slip aside", BoxState: "what a box can say", Carrier: "a kind of barcode"}


def _lists(tree: ast.Module, kind: str, members: set[str]) -> bool:
    """Return whether one literal, or one choice among patterns, names more than half of a kind's words."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict | ast.Set | ast.List | ast.Tuple | ast.Match):
            named = {
                one.attr
                for one in ast.walk(node)
                if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == kind
            }
            if len(named & members) > len(members) / 2:
                return True
    return False


def test_every_code_has_a_place_and_a_maker() -> None:
    """A kind of barcode is a word, a place on the page, and a line in the table of carriers."""
    for frame in FRAMES.values():
        assert list(frame.codes) == list(CODES)
        assert set(frame.carriers) == set(Carrier) - {Carrier.TYPED}
    for carrier, code in CODES.items():
        for frame in FRAMES.values():
            black = code.modules("1234567890ABCDE")
            ink, width_mm = code.ink(frame.codes[carrier])
            assert len(black) * code.module_mm == pytest.approx(ink.height_mm)
            assert black.shape[1] * width_mm == pytest.approx(ink.width_mm)


def test_no_two_words_of_one_kind_are_alike() -> None:
    for kind in WORDS:
        assert all(re.fullmatch("[a-z][a-z_]*", word.value) for word in kind), kind


def _acts() -> set[str]:
    """The words of all acts, from the calls that write them."""
    found: set[str] = set()
    for file in (HOUSE / "omr").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "act" and node.args:
                said = node.args[0]
                chosen = [said.body, said.orelse] if isinstance(said, ast.IfExp) else [said]
                found |= {str(one.value) for one in chosen if isinstance(one, ast.Constant)}
    return found


def test_every_act_has_its_words() -> None:
    """A slip's page names what was done with it: an act without words was an error page."""
    acts = _acts()
    assert {"issue", "withdraw_batch", "give_back_batch", "adjust_period"} <= acts
    for language in ("vi", "en"):
        assert acts <= set(catalogue(language, "acts")), acts - set(catalogue(language, "acts"))
