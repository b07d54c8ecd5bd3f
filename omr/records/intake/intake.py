"""A scanned batch comes in: originals are kept, every page is read once, the receipt says what came of it.

Running again with the same files changes nothing; running again after an interruption
goes on where it stopped. Pages in = pages read + blank backs + rejected, always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omr.errors import RegisterError, ScanError
from omr.forms.printing.cover import Cover
from omr.messages import shown
from omr.reading.apart import Apart, cover_of
from omr.reading.limits import USUAL, Limits
from omr.reading.reader import Result
from omr.reading.scan.pages import EncodedPage
from omr.records.intake.claims import Claims
from omr.records.intake.orders import Orders
from omr.records.intake.pages import Reading, has_ended
from omr.records.intake.prints import refuse_pictures, refuse_prints
from omr.records.proof.chain import batch_root
from omr.records.store.act import Act, Row
from omr.records.store.originals import Original, keep_original
from omr.records.store.store import Store
from omr.words import OF_A_FILE, PageOutcome, Seal, SlipDoubt

# One write per page costs 1.2 ms, 50 per write 0.5 ms a page; more is not faster, and
# what an interruption can cost is the reading of so many pages again.
PAGES_PER_ACT: Final = 50
# Share of blank pages from which a stack was scanned on both sides: half of them are backs then, and a
# few backs are written on.
BOTH_SIDES: Final = 1 / 3


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What an intake ended with."""

    batch: str
    files: tuple[tuple[str, str], ...]  # SHA-256 and name of each file given, in order
    again: bool  # everything was here before; nothing was added
    expected: int | None  # sheets that somebody counted, as told now


@dataclass(frozen=True, slots=True)
class _Opened:
    """A batch that is about to be read."""

    batch: str
    ended: bool  # nothing is left to read
    unread: list[Original]
    top: Original  # its first file: a cover sheet lies there


def take_in(
    store: Store,
    files: Sequence[Path],
    read: Callable[[Iterable[EncodedPage]], Iterator[Result]],
    orders: Orders,
    *,
    scans: Path,
    by: str,
    limits: Limits = USUAL,
    seen: Callable[[Result], None] = lambda result: None,
    waits: Callable[[str], None] = lambda batch: None,
    prints: bool = False,
    pages_per_act: int = PAGES_PER_ACT,
) -> TakenIn:
    """Read files into a batch, going on with an interrupted one.

    While another program reads some of the files, this waits until that is done.

    Parameters
    ----------
    read : callable
        Turns encoded pages into results, in order; pure.
    orders : Orders
        What was said about the stack; a cover sheet on top may say it too.
    scans : Path
        Where originals are kept.
    limits : Limits, optional
        Of the process that opens the files.
    seen : callable, optional
        Told of every result, for a progress bar.
    waits : callable, optional
        Told of a batch that another program reads, before waiting for it.
    prints : bool
        Take our own print files in, too; else they are refused.
    pages_per_act : int
        Written at once.

    Raises
    ------
    OmrError
        If unit or period are unknown, a file is our own print or of a batch that was withdrawn, or
        originals cannot be kept.
    """
    orders = orders.checked(store)
    if not prints:
        refuse_prints(store, files)
    with Apart(limits) as apart:
        if not prints:
            refuse_pictures(files, read, apart)
        return _taken_in(
            *(store, files, read, orders, apart, pages_per_act), scans=scans, by=by, seen=seen, waits=waits
        )


def _taken_in(
    store: Store,
    files: Sequence[Path],
    read: Callable[[Iterable[EncodedPage]], Iterator[Result]],
    orders: Orders,
    apart: Apart,
    pages_per_act: int,
    *,
    scans: Path,
    by: str,
    seen: Callable[[Result], None],
    waits: Callable[[str], None],
) -> TakenIn:
    cover = _cover_of(files[0], apart)
    if cover is not None:
        orders = orders.with_cover(store, cover)
    # Kept once nothing can refuse the stack any more: an original without a row means a lost row.
    originals = [keep_original(file, scans) for file in files]
    given = tuple(
        (original.sha256, shown(file.name)) for original, file in zip(originals, files, strict=True)
    )
    names = dict(given)
    with _owned_batch(store, orders, originals, names, scans=scans, by=by, waits=waits) as opened:
        if not opened.ended:
            known = cover if opened.top == originals[0] else _cover_of(opened.top.path, apart)
            covered = opened.top.sha256 if known is not None else None
            reading = Reading(store, opened.batch, orders, names, covered, by, apart, pages_per_act)
            reading.run(opened.unread, read, seen)
            _end_batch(store, opened.batch, by)
    return TakenIn(opened.batch, given, opened.ended, orders.expected)


def _cover_of(file: Path, apart: Apart) -> Cover | None:
    """Return what the sheet on top of the stack says, if it is a cover sheet."""
    try:
        return apart.call(cover_of, file)
    except ScanError:  # reading will say what is wrong
        return None


@contextmanager
def _owned_batch(
    store: Store,
    orders: Orders,
    originals: Sequence[Original],
    names: dict[str, str],
    *,
    scans: Path,
    by: str,
    waits: Callable[[str], None],
) -> Iterator[_Opened]:
    """Find the batch to go on with, or begin one, and own it while the block runs."""
    claims = Claims(store.path.with_name("claims"))
    while True:
        with ExitStack() as claim:
            with claims.held("door"):  # nobody else opens a batch between the look and the claim
                taken = next(filter(claims.is_owned, _unended(store, originals)), None)
                if taken is None:
                    opened = _open_batch(store, orders, originals, names, scans=scans, by=by)
                    if not opened.ended:
                        claim.enter_context(claims.at_once(opened.batch))
            if taken is None:
                yield opened
                return
        waits(taken)
        with claims.held(taken):
            pass


def _unended(store: Store, originals: Iterable[Original]) -> list[str]:
    """Return the batches that hold one of the files and have not ended."""
    return sorted(
        {
            row["batch"]
            for original in originals
            for row in store.rows(
                """SELECT batch FROM batch_files JOIN known_batches USING (batch)
                WHERE original = ? AND NOT complete""",
                original.sha256,
            )
        }
    )


def _open_batch(
    store: Store,
    orders: Orders,
    originals: Sequence[Original],
    names: dict[str, str],
    *,
    scans: Path,
    by: str,
) -> _Opened:
    """Find the batch to go on with, or begin one.

    Who goes on with a batch reads all of it, also files that somebody else gave.
    """
    once = {original.sha256: original for original in originals}
    with store.act("begin_batch", by=by) as act:
        unread = [original for original in once.values() if not _is_read(store, original)]
        batches = [
            row
            for sha256 in once
            for row in store.rows(
                """SELECT batch, unit, period, expected, complete AS ended, withdrawn, EXISTS (
                    SELECT 1 FROM pages WHERE pages.original = batch_files.original
                    AND pages.batch = known_batches.batch) AS has_its_pages
                FROM batch_files JOIN known_batches USING (batch)
                WHERE original = ? ORDER BY withdrawn, known_batches.event""",
                sha256,
            )
        ]
        interrupted = [
            row["batch"]
            for row in batches
            if not row["ended"] and Orders(row["unit"], row["period"], row["expected"]) == orders
        ]
        if not interrupted and not unread:
            # a file may be told of with others in a later batch: its pages are of the one that read it
            read_by = next((row for row in batches if row["has_its_pages"]), batches[0])
            if read_by["withdrawn"]:
                raise RegisterError("batch.read_withdrawn", batch=read_by["batch"])
            return _Opened(read_by["batch"], True, [], originals[0])
        if interrupted:
            batch = interrupted[-1]
        else:
            batch = f"B{act.next_id('batches', 'rowid'):06}"
            act.add(
                "batches",
                {
                    "batch": batch,
                    "unit": orders.unit,
                    "period": orders.period,
                    "expected": orders.expected,
                },
            )
        # also what was read before: the paper was counted by hand with the rest
        _add_files(store, act, batch, once.values(), names)
    files = _files_of(store, batch, scans)
    for name, original in files:
        names.setdefault(original.sha256, name)
    return _Opened(batch, False, [one for _, one in files if not _is_read(store, one)], files[0][1])


def _is_read(store: Store, original: Original) -> bool:
    return store.row("SELECT 1 FROM original_ends WHERE original = ?", original.sha256) is not None


def _files_of(store: Store, batch: str, scans: Path) -> list[tuple[str, Original]]:
    """Return the files of a batch in order: name and original, which is kept under ``scans/``."""
    rows = store.rows(
        """SELECT file, original, path, bytes FROM batch_files JOIN originals USING (original)
        WHERE batch = ? ORDER BY position""",
        batch,
    )
    return [
        (row["file"], Original(row["original"], scans.parent / row["path"], row["bytes"])) for row in rows
    ]


def _add_files(
    store: Store, act: Act, batch: str, originals: Iterable[Original], names: Mapping[str, str]
) -> None:
    count = int(store.value("SELECT count(*) FROM batch_files WHERE batch = ?", batch) or 0)
    for original in originals:
        if store.row("SELECT 1 FROM originals WHERE original = ?", original.sha256) is None:
            kept = f"{original.path.parent.parent.name}/{original.path.parent.name}/{original.path.name}"
            act.add("originals", {"original": original.sha256, "path": kept, "bytes": original.bytes})
        key = batch, original.sha256
        if store.row("SELECT 1 FROM batch_files WHERE batch = ? AND original = ?", *key) is None:
            count += 1
            name = names[original.sha256]
            act.add(
                "batch_files",
                {"batch": batch, "original": original.sha256, "position": count, "file": name},
            )


def _end_batch(store: Store, batch: str, by: str) -> None:
    with store.act("end_batch", by=by) as act:
        if not has_ended(store, batch):
            act.add("doubts", *_without_stamp(store, batch))
            act.add("lone_blanks", *_lone_blanks(store, batch))
            root = batch_root(store, batch, last_event=act.event)
            act.add("batch_ends", {"batch": batch, "root": root})


def _without_stamp(store: Store, batch: str) -> list[Row]:
    """Return the doubts about slips without a stamp, where most slips of the batch have one.

    An office that does not stamp, or scans in grey, is not asked about every slip.
    """
    seals = "FROM readings JOIN pages USING (page) WHERE batch = ? AND seal = ?"
    stamped = int(store.value(f"SELECT count(*) {seals}", batch, Seal.PRESENT) or 0)
    bare = [row["reading"] for row in store.rows(f"SELECT reading {seals}", batch, Seal.ABSENT)]
    if stamped <= len(bare):
        return []
    return [{"reading": reading, "reason": SlipDoubt.NO_STAMP} for reading in bare]


def _lone_blanks(store: Store, batch: str) -> list[Row]:
    """Return the blank pages that are no backs: of one-sided stacks all, of others those without a front.

    A slip that lay upside down in the feeder, or that the scanner hardly saw, looks like this. Questionnaires
    printed on both sides with an odd number of pages leave the back of their last sheet white.
    """
    rows = store.rows(
        """SELECT page, reason, outcome = ? AS blank, page IN (
            SELECT page FROM readings JOIN runs USING (run) JOIN form_pages USING (fingerprint)
            WHERE duplex AND pages % 2 AND form_page = pages) AS white_back
        FROM pages JOIN batch_files USING (batch, original)
        WHERE batch = ? ORDER BY position, number""",
        PageOutcome.BLANK_BACK,
        batch,
    )
    pages = [row for row in rows if row["reason"] not in OF_A_FILE]
    last = [False, *(bool(row["white_back"]) for row in pages)]  # whether the page before leaves a white back
    sides = [
        (row["page"], bool(row["blank"]))
        for row, after_last in zip(pages, last, strict=False)
        if not (row["blank"] and after_last)
    ]
    both_sides = sum(blank for _, blank in sides) > BOTH_SIDES * len(sides)
    fronts = [False, *(not blank for _, blank in sides)]  # whether the page before was one
    return [
        {"page": side}
        for (side, blank), after_front in zip(sides, fronts, strict=False)
        if blank and not (both_sides and after_front)
    ]
