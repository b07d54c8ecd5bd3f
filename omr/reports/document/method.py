"""Phụ lục II: how every figure is computed and when a slip is valid; the words stand in `method.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from omr.records.counts.validity import rules
from omr.reports.figures.statistics import Month
from omr.workspace import ReportSettings


@cache
def _texts() -> tuple[tuple[str, ...], str]:
    data = tomllib.loads(resources.files("omr.reports").joinpath("method.toml").read_text("utf-8"))
    return tuple(data["formulas"]), str(data["answers"]).strip()


def formulas(settings: ReportSettings) -> tuple[str, ...]:
    """Return the definitions of all figures."""
    return tuple(
        formula.format(
            low=settings.target_low,
            high=settings.target_high,
            ranked_from=settings.ranked_from,
            smallest_cell=settings.smallest_cell,
        )
        for formula in _texts()[0]
    )


def validity() -> tuple[str, ...]:
    """Return the rules of validity with the codes that the tables use."""
    codes = (f"{code}: {text['vi']}." for code, text in sorted(rules().texts.items()))
    return (_texts()[1], f"Lý do phiếu không hợp lệ (quy tắc phiên bản {rules().version}):", *codes)


def provenance(month: Month) -> tuple[str, ...]:
    """Return what makes the printed figures reproducible."""
    lines = (
        f"Kỳ số liệu: {month.period}. Mã dữ liệu (SHA-256 của bảng đếm): {month.digest}.",
        "Cùng một cơ sở dữ liệu luôn cho cùng mã và cùng báo cáo; số liệu khác thì mã khác.",
    )
    return (*lines, f"Kỳ đã chốt; mã gốc của nhật ký: {month.root}.") if month.root else lines
