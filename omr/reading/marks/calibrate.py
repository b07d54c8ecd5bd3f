"""What the measurements mean: a JSON file -> Calibration.

A calibration holds what real ink taught about slips (`slips`) and about anybody's papers (`papers`), and how
that was made; `fit` makes the latter. Weights and limits at the top are those of the first judge: they do
not change any more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from omr.errors import OmrError
from omr.files import write_whole
from omr.reading.marks import papers, question
from omr.reading.marks.first import EVIDENCE, Limits
from omr.reading.marks.papers import PaperLimits, PaperModel
from omr.reading.marks.plain import LIMITS, PlainLimits
from omr.reading.marks.question import SlipModel
from omr.workspace import shipped

__all__ = ["DEFAULT", "Calibration", "Limits", "load_calibration", "save_calibration"]

Floats = NDArray[np.float64]

DEFAULT: Final = "default"
SHORT_LINE: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Weights, limits and how they were made."""

    name: str
    weights: Floats  # (E,) in the order of `EVIDENCE`
    bias: float
    limits: Limits = field(default_factory=Limits)
    provenance: dict[str, Any] = field(default_factory=dict)
    slips: SlipModel = field(default_factory=lambda: SlipModel(np.zeros(len(question.EVIDENCE)), 0.0))
    papers: PaperModel = field(default_factory=lambda: PaperModel(np.zeros(len(papers.EVIDENCE)), 0.0))

    def chance(self, evidence: Floats) -> Floats:
        """Return the chance that each box is marked, (N,), from its evidence (N, E)."""
        return np.asarray(1.0 / (1.0 + np.exp(-(evidence @ self.weights + self.bias).clip(-40, 40))))


_Share = Annotated[float, Field(ge=0.0, le=1.0)]


class _LimitsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    blank_below: _Share
    marked_above: _Share
    stroke_cover: _Share
    fill_cover: _Share
    fill_ratio: Annotated[float, Field(ge=1.0, le=100.0)]


class _LearnedFile(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    weights: dict[str, float]
    bias: float
    limits: dict[str, Annotated[float, Field(ge=0.0, le=100.0)]]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    slips: _LearnedFile | None = None
    papers: _LearnedFile | None = None
    weights: dict[str, float]
    bias: float
    limits: _LimitsFile
    provenance: dict[str, Any]


def load_calibration(name: str = DEFAULT, own: Path | None = None) -> Calibration:
    """Read a calibration; the office's own folder is searched before the built-in one.

    Raises
    ------
    OmrError
        If there is none of that name or the file is not one.
    """
    places = [folder / f"{name}.json" for folder in (own, shipped("calibration")) if folder]
    file = next((place for place in places if place.is_file()), None)
    if file is None or Path(name).name != name:
        raise OmrError("marks.no_calibration", name=name)
    try:
        found = _File.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OmrError("marks.bad_calibration", file=file, detail=f"{where}: {first['msg']}") from error
    if set(found.weights) != set(EVIDENCE):
        raise OmrError("marks.bad_calibration", file=file, detail=f"weights: {', '.join(EVIDENCE)}")
    if found.limits.blank_below > found.limits.marked_above:
        raise OmrError("marks.bad_calibration", file=file, detail="limits: blank_below > marked_above")
    return Calibration(
        name=name,
        weights=np.array([found.weights[key] for key in EVIDENCE]),
        bias=found.bias,
        limits=Limits(**found.limits.model_dump()),
        provenance=found.provenance,
        slips=_slips(found.slips, file) if found.slips else load_calibration().slips,
        papers=_papers(found.papers, file) if found.papers else load_calibration().papers,
    )


def _slips(found: _LearnedFile, file: Path) -> SlipModel:
    if set(found.weights) != set(question.EVIDENCE):
        raise OmrError("marks.bad_calibration", file=file, detail=f"slips: {', '.join(question.EVIDENCE)}")
    if unknown := set(found.limits) - set(LIMITS):
        raise OmrError("marks.bad_calibration", file=file, detail=f"slips: {', '.join(sorted(unknown))}")
    weights = np.array([found.weights[key] for key in question.EVIDENCE])
    return SlipModel(weights, found.bias, PlainLimits(**found.limits))


def _papers(found: _LearnedFile, file: Path) -> PaperModel:
    if set(found.weights) != set(papers.EVIDENCE):
        raise OmrError("marks.bad_calibration", file=file, detail=f"papers: {', '.join(papers.EVIDENCE)}")
    if unknown := set(found.limits) - set(papers.LIMITS):
        raise OmrError("marks.bad_calibration", file=file, detail=f"papers: {', '.join(sorted(unknown))}")
    limits = PaperLimits(**found.limits)
    if limits.blank_below > limits.marked_above:
        raise OmrError("marks.bad_calibration", file=file, detail="papers: blank_below > marked_above")
    return PaperModel(np.array([found.weights[key] for key in papers.EVIDENCE]), found.bias, limits)


def save_calibration(calibration: Calibration, file: Path) -> None:
    """Write a calibration as JSON that a person can read."""
    limits = calibration.limits
    content = {
        "weights": {key: round(float(w), 6) for key, w in zip(EVIDENCE, calibration.weights, strict=True)},
        "bias": round(calibration.bias, 6),
        "limits": {key: getattr(limits, key) for key in _LimitsFile.model_fields},
        "slips": {
            "weights": dict(
                zip(question.EVIDENCE, np.round(calibration.slips.weights, 6).tolist(), strict=True)
            ),
            "bias": round(calibration.slips.bias, 6),
            "limits": {key: getattr(calibration.slips.limits, key) for key in LIMITS},
        },
        "papers": {
            "weights": dict(
                zip(papers.EVIDENCE, np.round(calibration.papers.weights, 6).tolist(), strict=True)
            ),
            "bias": round(calibration.papers.bias, 6),
            "limits": {key: getattr(calibration.papers.limits, key) for key in papers.LIMITS},
        },
        "provenance": calibration.provenance,
    }
    write_whole(file, _laid_out(content) + "\n")


def _laid_out(content: object) -> str:
    """Write JSON with what is short on one line: a curve's point, a set's counts."""
    text = json.dumps(content, ensure_ascii=False)
    if len(text) <= SHORT_LINE or not isinstance(content, (dict, list)):
        return text
    if isinstance(content, dict):
        parts = [
            f"{json.dumps(key, ensure_ascii=False)}: {_laid_out(value)}" for key, value in content.items()
        ]
        begin, end = "{", "}"
    else:
        parts, (begin, end) = [_laid_out(value) for value in content], ("[", "]")
    inner = ",\n".join(parts).replace("\n", "\n ")
    return f"{begin}\n {inner}\n{end}"
