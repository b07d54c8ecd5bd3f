"""The register of serials: a print run is registered and printed in one act, both or neither.

A run is committed as *printing* before its first number is on paper and ends as
*issued* or *void*. Numbers are continuous per form digit and year and are never used
again, also those of a void run.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from omr.errors import RegisterError, why
from omr.files import appearing, locked, remove, sha256_of
from omr.forms.serial import KEY_BYTES, MAX_NUMBER, Issue
from omr.forms.template import VALUES, Form, canonical, fingerprint
from omr.records.offices.periods import parse_period, refuse_closed
from omr.records.offices.units import find_unit
from omr.records.store.act import Act, Row
from omr.records.store.store import Store

FIRST_NUMBER: Final = 1

Printer = Callable[..., None]  # as `omr.forms.printing.printing.print_forms`


def issue(
    store: Store,
    form: Form,
    *,
    unit: str,
    period: str,
    count: int,
    target: Path,
    by: str,
    seed: int | None = None,
    electronic_url: str = "",
    print_forms: Printer | None = None,
) -> Issue:
    """Register `count` new serials for a unit and print them to `target`, both or neither.

    Parameters
    ----------
    seed : int, optional
        Makes the guard letters reproducible, and so guessable: for tests and demonstrations.
    electronic_url : str
        Address of the electronic form, for its QR code.
    print_forms : callable, optional
        Prints one page for each serial; without it `omr.forms.printing.printing.print_forms`.

    Raises
    ------
    RegisterError
        If the form changed without a new revision, the unit or period is unknown, the target
        exists, or the year's numbers are used up.
    """
    if print_forms is None:
        from omr.forms.printing import printing  # brings reportlab, which only printing needs

        print_forms = printing.print_forms
    when = parse_period(period)
    serving = find_unit(store, unit, when)
    refuse_closed(store, when.name)
    target = target.absolute()
    if not target.parent.is_dir():
        raise RegisterError("records.no_target_folder", folder=target.parent)
    with _issuing(store):
        _end_interrupted(store, by=by)
        if target.exists():  # it may be the only print of another run
            raise RegisterError("records.target_exists", target=target)
        with store.act("issue", by=by) as act:
            archive_form(store, act, form)
            year = when.first_day.year % 100
            run = Issue(
                run=_next_run(store, year),
                form=form.form,
                fingerprint=fingerprint(form),
                unit=serving.unit,
                period=when.name,
                digit=form.digit,
                year=year,
                first=_next_number(store, form.digit, year, count),
                count=count,
                key=secrets.token_bytes(KEY_BYTES) if seed is None else _key_of(seed),
            )
            act.add(
                "runs",
                {
                    "run": run.run,
                    "form": run.form,
                    "fingerprint": run.fingerprint,
                    "unit": run.unit,
                    "period": run.period,
                    "digit": run.digit,
                    "year": run.year,
                    "first": run.first,
                    "last": run.last,
                    "key": run.key,
                    "seeded": int(seed is not None),
                    "target": str(target),
                },
            )
        part = _part_of(target, run.run)
        try:
            address = electronic_url.replace("{unit}", run.unit)
            with appearing(target, part=part):
                # The file's keywords name the run, and how far the chain went when it was printed.
                about = f"{run.run} head={store.head}"
                print_forms(form, run.serials(), part, run=about, electronic_url=address)
        except BaseException as error:
            _end(store, run.run, None, by=by)
            if isinstance(error, OSError):
                detail = why(error)
                raise RegisterError("records.cannot_print", target=target, detail=detail) from error
            raise
        _end(store, run.run, target, by=by)
    return run


def archive_form(store: Store, act: Act, form: Form) -> None:
    """Keep a form as it is printed, once; refuse one that changed without a new revision.

    Raises
    ------
    RegisterError
        If another content was printed under the same name and revision.
    """
    mark = fingerprint(form)
    revision = form.form, form.revision
    kept = store.row("SELECT fingerprint FROM forms WHERE form = ? AND revision = ?", *revision)
    if kept is not None:
        if kept["fingerprint"] != mark:
            raise RegisterError("records.form_changed", form=form.form, revision=form.revision)
        return
    act.add(
        "forms",
        {
            "fingerprint": mark,
            "form": form.form,
            "revision": form.revision,
            "digit": form.digit,
            "title": form.title,
            "field": form.field,
            "canonical": canonical(form),
        },
    )
    if form.pages > 1:
        pages: Row = {"fingerprint": mark, "pages": form.pages, "duplex": int(form.duplex)}
        act.add("form_pages", pages)
    for place, question in enumerate(form.questions):
        act.add(
            "form_questions",
            {
                "fingerprint": mark,
                "question": question.key,
                "position": place,
                "kind": question.kind.value,
                "text": question.text,
                "factor": question.factor,
                "core": int(question.core),
                "overall": int(question.overall),
                "ranking": question.ranking or None,
            },
        )
        options: list[Row] = [
            {
                "fingerprint": mark,
                "question": question.key,
                "code": option.code,
                "position": at,
                "label": option.label,
                "satisfied": int(option.satisfied),
                "applies": None if option.applies else 0,
            }
            for at, option in enumerate(question.options)
            if question.kind not in VALUES  # the boxes of a value are no answers
        ]
        act.add("form_options", *options)
        if question.only_if is not None:
            act.add(
                "form_conditions",
                {
                    "fingerprint": mark,
                    "question": question.key,
                    "before": question.only_if.question,
                    "codes": " ".join(question.only_if.codes),
                },
            )


def issued(store: Store) -> list[Issue]:
    """Return all runs that are on paper."""
    rows = store.rows(
        """SELECT run, form, fingerprint, unit, period, digit, year, first, last, key
        FROM runs JOIN run_ends USING (run) WHERE state = 'issued' ORDER BY digit, year, first"""
    )
    return [
        Issue(
            run=row["run"],
            form=row["form"],
            fingerprint=row["fingerprint"],
            unit=row["unit"],
            period=row["period"],
            digit=row["digit"],
            year=row["year"],
            first=row["first"],
            count=row["last"] - row["first"] + 1,
            key=row["key"],
        )
        for row in rows
    ]


def run_printed_to(store: Store, target: Path, *, by: str) -> Issue | None:
    """Return the run that is on paper in this file, or was before the file was moved away."""
    end_interrupted(store, by=by)
    row = store.row(
        "SELECT run FROM runs JOIN run_ends USING (run) WHERE target = ? AND state = 'issued'",
        str(target.absolute()),
    )
    return next(run for run in issued(store) if run.run == row["run"]) if row else None


def end_interrupted(store: Store, *, by: str) -> None:
    """End the runs that an interrupted program left as printing, unless one is printing now."""
    if store.row("SELECT 1 FROM print_runs WHERE state = 'printing'") is None:
        return
    try:
        with _issuing(store, seconds=0.0):
            _end_interrupted(store, by=by)
    except TimeoutError:
        return


@contextmanager
def _issuing(store: Store, seconds: float = -1.0) -> Iterator[None]:
    """Hold the right to print: whoever has it knows that every other run in printing is dead."""
    with locked(store.path.with_name("issuing.lock"), seconds=seconds):
        yield


def _end_interrupted(store: Store, *, by: str) -> None:
    for row in list(store.rows("SELECT run, target FROM print_runs WHERE state = 'printing'")):
        target = Path(row["target"])
        part = _part_of(target, row["run"])
        whole = target.is_file() and printed_run(target) == row["run"]
        remove(part)
        _end(store, row["run"], target if whole else None, by=by)


def _end(store: Store, run: str, pdf: Path | None, *, by: str) -> None:
    state = "issued" if pdf else "void"
    with store.act(state, by=by) as act:
        act.add("run_ends", {"run": run, "state": state, "pdf": sha256_of(pdf) if pdf else None})


def printed_run(pdf: Path) -> str | None:
    """Return the run that a print-ready PDF names in its keywords."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(pdf) as document:
            keywords = document.get_metadata_value("Keywords")
    except pypdfium2.PdfiumError:
        return None
    return next((word.removeprefix("run=") for word in keywords.split() if word.startswith("run=")), None)


def _part_of(target: Path, run: str) -> Path:
    return target.with_name(f".{target.name}.{run}.part")


def _next_run(store: Store, year: int) -> str:
    used = store.value("SELECT count(*) FROM runs WHERE year = ?", year)
    return f"R{year:02}-{int(used or 0) + 1:04}"


def _next_number(store: Store, digit: int, year: int, count: int) -> int:
    last = store.value("SELECT max(last) FROM used_numbers WHERE digit = ? AND year = ?", digit, year)
    first = FIRST_NUMBER if last is None else int(last) + 1
    before = store.mark.issued().get((digit, year), 0) if store.mark is not None else 0
    if before >= first:  # paper with this number is out there already
        raise RegisterError("records.issued_before", number=before, digit=digit)
    if not 1 <= count <= MAX_NUMBER - first + 1:
        raise RegisterError("records.bad_count", count=count, left=MAX_NUMBER - first + 1)
    return first


def _key_of(seed: int) -> bytes:
    return hashlib.sha256(f"omr seed {seed}".encode()).digest()


def printed_revision(store: Store, form: str, revision: str) -> Form:
    """Return one revision of a form that was printed or taken in before, also when it is no longer in use.

    Raises
    ------
    RegisterError
        If the register does not know it.
    """
    known = [one for one in store.forms.values() if one.form == form]
    for one in known:
        if one.revision == revision:
            return one
    revisions = ", ".join(sorted(one.revision for one in known)) or "–"
    raise RegisterError("register.no_revision", form=form[:40], revision=revision[:40], known=revisions)
