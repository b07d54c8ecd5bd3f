"""Forms as they ship, and one's own made from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from form_pieces import HEAD

from omr.errors import TemplateError
from omr.forms.layout import find_form, lay_out
from omr.forms.loading import load_template
from omr.forms.problems import Problem
from omr.forms.template import Form
from omr.workspace import shipped

BUILT_IN = ["DL-01", "DL-02", "DL-03", "DL-03-EN", "DL-04"]


@pytest.fixture(params=BUILT_IN)
def form(request: pytest.FixtureRequest) -> Form:
    return find_form(request.param, None)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a form's file with changes to DL-01: pairs of what stands there and what shall."""

    def write(*changes: tuple[str, str], name: str = "dl-01.toml") -> Path:
        text = (shipped("templates") / "dl-01.toml").read_text("utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        file = tmp_path / name
        file.write_text(text, "utf-8")
        return file

    return write


@pytest.fixture
def problems(write: Callable[..., Path]) -> Callable[..., dict[tuple[str, str], Problem]]:
    """Return what is wrong with a changed DL-01, by place in the file and kind of problem."""

    def problems(*changes: tuple[str, str]) -> dict[tuple[str, str], Problem]:
        file = write(*changes)
        with pytest.raises(TemplateError) as refused:
            lay_out(load_template(file), file)
        assert refused.value.key == "forms.wrong"
        assert str(file) in str(refused.value)
        found = refused.value.values["problems"]
        return {(problem.where, problem.key.removeprefix("forms.")): problem for problem in found}

    return problems


@pytest.fixture
def laid(tmp_path: Path) -> Callable[..., Form]:
    """Lay out a form of pieces; pairs of texts replace what stands there."""

    def lay(*pieces: str, changes: tuple[tuple[str, str], ...] = ()) -> Form:
        text = HEAD + "".join(pieces)
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        file = tmp_path / "ks-01.toml"
        file.write_text(text, "utf-8")
        return lay_out(load_template(file), file)

    return lay


@pytest.fixture
def wrong(laid: Callable[..., Form]) -> Callable[..., dict[str, str]]:
    """Return what is refused, by place."""

    def refused(*pieces: str, changes: tuple[tuple[str, str], ...] = ()) -> dict[str, str]:
        with pytest.raises(TemplateError) as error:
            laid(*pieces, changes=changes)
        return {problem.where: problem.key for problem in error.value.values["problems"]}

    return refused
