"""The signed export of a period: all rows its figures come from, the chain of events, the figures.

A ZIP file: ``events.jsonl`` is the whole chain; ``rows.jsonl`` holds every row of the events
that bear on the period; ``figures.json``; ``manifest.json`` names their SHA-256 and
``signature`` signs it. Keys of serials and measurements are in it as their SHA-256 only.
docs/export.md describes it; docs/verify_export.py checks it without this program.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from omr.errors import OmrError, why
from omr.files import appearing
from omr.records.counts.validity import rules
from omr.records.month.closing import figures_of
from omr.records.offices.periods import Period, state_of
from omr.records.proof.chain import added_rows, chain_problem
from omr.records.proof.signing import public_hex, signing_key
from omr.records.store.act import Row, canonical, fact
from omr.records.store.store import Store
from omr.steps import each
from omr.words import Aside, Standing

FORMAT: Final = "omr-export-1"
FILES: Final = ("events.jsonl", "rows.jsonl", "figures.json")
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature"

# The same database gives the same bytes: the file carries no clock.
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)

# Acts that may come without rows: about slips of other periods, or no figure. All others must have them.
MAY_LACK_ROWS: Final = {"read", "redecide", "transcribe", "import_electronic", "audit_draw", "audit_enter"}

# Tables that bear on no figure of a period; events that touched nothing else are not copied.
_BESIDE: Final = {
    *(
        "original_ends",
        "comments",
        "handwriting",
        "transcripts",
        "audit_draws",
        "draw_surveys",
        "drawn_slips",
        "rekeyed_slips",
    )
}


@dataclass(frozen=True, slots=True)
class SignedExport:
    """What an export holds."""

    period: str
    events: int
    head: str  # hash of the last event
    rows: int
    signer: str  # public key


def export(store: Store, workspace: Path, period: Period, target: Path) -> SignedExport:
    """Write and sign the export of a period.

    Raises
    ------
    OmrError
        If the chain is broken (nobody signs that), or the file cannot be written.
    """
    with store.snapshot():
        return _exported(store, workspace, period, target)


def _exported(store: Store, workspace: Path, period: Period, target: Path) -> SignedExport:
    if (problem := chain_problem(store)) is not None:
        raise OmrError("audit.broken", problem=problem)
    key = signing_key(workspace)
    figures = figures_of(store, period)
    try:
        with appearing(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            hashes, counts = {}, {}
            streams = {
                "events.jsonl": (
                    canonical(dict(row)) for row in store.rows("SELECT * FROM events ORDER BY event")
                ),
                "rows.jsonl": _rows(store, period),
                "figures.json": iter([canonical(figures)]),
            }
            for name, lines in streams.items():
                with archive.open(_entry(name), "w", force_zip64=True) as file:
                    hashes[name], counts[name] = _write(file, lines)
            head = store.row("SELECT hash FROM events ORDER BY event DESC LIMIT 1")
            manifest = {
                "format": FORMAT,
                "period": period.name,
                "state": state_of(store, period.name).value,
                "rules": rules().version,
                "aside": {
                    "again": sorted(one for one in Aside if one.meanwhile.standing is Standing.DUPLICATE),
                    "not_returned": sorted(one for one in Aside if not one.meanwhile.returned),
                },
                "events": counts["events.jsonl"],
                "head": head["hash"] if head else "",
                "files": hashes,
                "public_key": public_hex(key),
            }
            content = canonical(manifest)
            archive.writestr(_entry(MANIFEST), content)
            archive.writestr(_entry(SIGNATURE), key.sign(content).hex())
    except OSError as error:
        raise OmrError("audit.cannot_write", target=target, detail=why(error)) from error
    return SignedExport(
        period.name,
        counts["events.jsonl"],
        str(manifest["head"]),
        counts["rows.jsonl"],
        str(manifest["public_key"]),
    )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _write(file: IO[bytes], lines: Iterable[bytes]) -> tuple[str, int]:
    digest, count = hashlib.sha256(), 0
    for line in lines:
        digest.update(line + b"\n")
        file.write(line + b"\n")
        count += 1
    return digest.hexdigest(), count


def _rows(store: Store, period: Period) -> Iterator[bytes]:
    """Yield all rows of the events that bear on a period."""
    bearing = _Bearing(store, period)
    for _, added in each("exporting_events", added_rows(store), store.last_event):
        if bearing.on(added):
            for table in sorted(added):
                for row in added[table]:
                    yield canonical({"table": table, "row": fact(row)})


class _Bearing:
    """Which events bear on a period: all but those that read, or are about, slips of other periods only."""

    def __init__(self, store: Store, period: Period) -> None:
        self._period = period.name
        self._readings = {
            row["reading"]
            for row in store.rows(
                """SELECT reading FROM readings WHERE serial IN (
                    SELECT serial FROM readings WHERE period = ?1
                    UNION SELECT serial FROM readings JOIN attributions USING (reading)
                    WHERE attributions.period = ?1)""",
                period.name,
            )
        }
        self._decidings = {
            row["deciding"]
            for row in store.rows("SELECT deciding, reading FROM decidings")
            if row["reading"] in self._readings
        }
        self._responses = {
            row["response"]
            for row in store.rows("SELECT response FROM electronic_slips WHERE period = ?", period.name)
        }
        self._batches = {
            row["batch"]
            for row in store.rows("SELECT reading, batch FROM readings JOIN pages USING (page)")
            if row["reading"] in self._readings
        }

    def on(self, added: Mapping[str, list[Row]]) -> bool:
        """Return whether an event with these rows bears on the period."""
        return any(self._row(table, row) for table, rows in added.items() for row in rows)

    def _row(self, table: str, row: Row) -> bool:
        if table in _BESIDE:
            return False
        if table == "pages":
            return row["outcome"] == "rejected" or row["batch"] in self._batches
        if table == "answers":
            return row["deciding"] in self._decidings
        if table == "electronic_slips":
            return row["period"] == self._period
        if table in ("electronic_answers", "electronic_comments"):
            return row["response"] in self._responses
        if table.startswith("decided_"):  # few, and so none can be held back
            return True
        return "reading" not in row or row["reading"] in self._readings
