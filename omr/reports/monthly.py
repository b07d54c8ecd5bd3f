"""The monthly report: gather the month from the register, give its figures, write its files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from typing import Final

from omr.figures import Share
from omr.forms.serial import Issue
from omr.messages import choose_language
from omr.records.counts.closing import root_of
from omr.records.counts.reconcile import Line, reconcile
from omr.records.counts.tallies import Channel, overall_question, tally
from omr.records.exchange.electronic import electronic_comments
from omr.records.register.periods import Period, parse_period
from omr.records.register.register import issued
from omr.records.register.units import find_unit, list_units
from omr.records.register.visits import visits_of
from omr.records.review.transcripts import Topic, handwritten, transcripts
from omr.records.store.store import Store
from omr.reports import tidy
from omr.reports.pools import ItemCounts
from omr.reports.satisfaction_tables import fields_table, questions_table, respondents_table, units_table
from omr.reports.slip_tables import opinions_table, reasons_table, slips_table
from omr.reports.statistics import Checking, Month, Opinion, Stock
from omr.reports.tables import Table
from omr.trust.audit_sample import assurance_of, statement
from omr.workspace import ReportSettings

FORMATS: Final = ("csv", "xlsx", "docx")

# The report is a Vietnamese document in whichever language the program speaks.
TOPICS: Final = {
    Topic.PRAISE: "Khen, cảm ơn",
    Topic.STAFF: "Thái độ cán bộ",
    Topic.PROCEDURE: "Thủ tục, hồ sơ",
    Topic.WAITING: "Thời gian chờ",
    Topic.PLACE: "Cơ sở vật chất",
    Topic.MONEY: "Phí, lệ phí",
    Topic.COMPLAINT: "Phản ánh, tố cáo",
    Topic.OTHER: "Khác",
    Topic.UNREADABLE: "Không đọc được",
}
ELECTRONIC: Final = "Ý kiến trên phiếu điện tử"  # nobody gave them a topic
PASSED_ON: Final = "(nội dung chuyển theo quy trình tiếp nhận phản ánh, tố cáo)"


def gather(store: Store, period: str, *, unit: str | None = None) -> Month:
    """Return everything that was counted in a period, of all units or of one.

    Raises
    ------
    RegisterError
        If the period is none, or the unit is unknown.
    """
    when = parse_period(period)
    code = find_unit(store, unit).unit if unit else None
    archive = store.forms
    counted = tally(store, when.name, unit=code)
    runs = [run for run in issued(store) if run.period == when.name]
    used = {run.fingerprint for run in runs} | {row.stratum.fingerprint for row in counted.tallies.slips}
    lines = reconcile(store, when)
    month = Month(
        period=when,
        forms={fingerprint: form for fingerprint, form in archive.items() if fingerprint in used},
        units=tuple(list_units(store)),
        tallies=counted.tallies,
        stock=tuple(_stock(lines, runs)),
        visits=visits_of(store, when.name),
        foreign=sum(line.unknown for line in lines if code in (None, line.unit)),
        submitted=frozenset(line.unit for line in lines if line.unit and (line.counted or line.returned)),
        checking=Checking(counted.answers, counted.by_people),
        handwritten=handwritten(store, when.name, unit=code),
        opinions=tuple(_opinions(store, when.name, code)),
        root=root_of(store, when),
    )
    return month.only(code) if code else month


def month_before(store: Store, when: Period, *, unit: str | None = None) -> Month:
    """Return what a comparison needs of the month before `when`: its overall answers, nothing else."""
    archive = store.forms
    questions = {question.key for form in archive.values() if (question := overall_question(form))}
    counted = tally(store, when.preceding.name, unit=unit, questions=questions)
    used = {row.stratum.fingerprint for row in counted.tallies.slips}
    return Month(
        period=when.preceding,
        forms={fingerprint: form for fingerprint, form in archive.items() if fingerprint in used},
        units=tuple(list_units(store)),
        tallies=counted.tallies,
        unit=unit or "",
    )


def audited(store: Store, month: Month) -> Month:
    """Add what the audit by hand showed: all slips of the month are compared with what was drawn."""
    shown = assurance_of(store, month.period)
    if shown is None:
        return month

    def in_vietnamese() -> str:
        choose_language("vi")  # in a context of its own: the report is Vietnamese, the program may not be
        return statement(shown)

    checking = replace(month.checking, audit=copy_context().run(in_vietnamese))
    return replace(month, checking=checking)


def _stock(lines: Iterable[Line], runs: Sequence[Issue]) -> Iterator[Stock]:
    for line in lines:
        if line.unit is None or line.form is None:
            continue
        given = [run for run in runs if (run.unit, run.form) == (line.unit, line.form)]
        # Slips that were handed over in parts have no range of their own.
        whole = sum(run.count for run in given) == line.received
        yield Stock(
            unit=line.unit,
            form=line.form,
            opening=line.opening,
            received=line.received,
            returned=line.returned,
            spoiled=line.spoiled,
            in_stock=line.in_stock if line.counted else None,
            missing=line.missing if line.counted else None,
            ranges=tuple(f"{run.first:07}–{run.last:07}" for run in given) if whole else (),
            balanced=line.balanced,
        )


def _opinions(store: Store, period: str, unit: str | None) -> Iterator[Opinion]:
    for typed in transcripts(store, period, unit=unit):
        complaint = typed.topic is Topic.COMPLAINT
        text = PASSED_ON if complaint else typed.text
        yield Opinion(typed.unit, typed.form, TOPICS[typed.topic], text, complaint)
    for sent in electronic_comments(store, period, unit=unit):
        yield Opinion(sent.unit, sent.form, ELECTRONIC, sent.text)


def figures(month: Month) -> dict[str, object]:
    """Return the month's figures as other programs read them (`omr report --json`)."""
    paper, whole = month.pool(channel=Channel.PAPER), month.pool()
    return {
        "slips": {
            "issued": sum(line.opening + line.received for line in month.stock),
            "returned": paper.returned,
            "valid": paper.valid,
            "invalid": paper.returned - paper.valid,
            "held": paper.held,  # of the invalid ones: a person may still let them count
        },
        "electronic": {"received": month.pool(channel=Channel.ELECTRONIC).returned},
        "overall": _share(whole.overall),
        "questions": {f"{form}/{key}": _item(counts) for (form, key), counts in whole.items.items()},
    }


def _share(share: Share) -> dict[str, int]:
    return {"satisfied": share.part, "answered": share.whole}


def _item(counts: ItemCounts) -> dict[str, object]:
    codes = {option.code: counts.codes.get(option.code, 0) for option in counts.question.options}
    satisfied = counts.satisfied if counts.question.core else None
    return {"counts": codes, "satisfied": satisfied, "answered": counts.answered}


def annex(month: Month, before: Month | None, settings: ReportSettings) -> tuple[Table, ...]:
    """Return Biểu 01 to 07."""
    return (
        slips_table(month),
        units_table(month, before),
        fields_table(month, before),
        questions_table(month),
        respondents_table(month, settings),
        reasons_table(month),
        opinions_table(month),
    )


def write(
    month: Month, before: Month | None, folder: Path, formats: Collection[str], settings: ReportSettings
) -> list[Path]:
    """Write the report's files into `folder` and return their paths; old files of the same name go."""
    folder.mkdir(parents=True, exist_ok=True)
    name = "-".join(filter(None, (month.period.name, month.unit)))
    files: dict[str, bytes] = {}
    if "csv" in formats:
        separator = settings.csv_separator
        files[f"so-lieu-{name}.csv"] = tidy.as_csv(tidy.COUNTS, tidy.count_rows(month), separator)
        files[f"chi-tieu-{name}.csv"] = tidy.as_csv(tidy.FIGURES, tidy.figure_rows(month), separator)
        files["tu-dien-du-lieu.csv"] = tidy.as_csv(tidy.DICTIONARY, tidy.dictionary_rows(), separator)
    tables = annex(month, before, settings)
    # What draws and writes these takes two seconds to load, and the desks start without it.
    if "xlsx" in formats:
        from omr.reports.workbook import workbook

        files[f"bieu-{name}.xlsx"] = workbook(month, tables)
    if "docx" in formats:
        from omr.reports.document import document

        files[f"bao-cao-{name}.docx"] = document(month, before, tables, settings)
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return [folder / file for file in files]
