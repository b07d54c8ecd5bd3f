"""Proof that nothing was changed: Merkle roots of batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from omr.records.store import Store, canonical, fact


def merkle_root(leaves: Sequence[bytes]) -> str:
    """Return the root, in hex, of a Merkle tree as in RFC 6962; of no leaves, the hash of nothing.

    Examples
    --------
    >>> merkle_root([]) == hashlib.sha256().hexdigest()
    True
    """
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    if not level:
        return hashlib.sha256().hexdigest()
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        # A node without a neighbour goes up as it is.
        level = [
            hashlib.sha256(b"\1" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs
        ]
    return level[0].hex()


def batch_root(store: Store, batch: str, last_event: int) -> str:
    """Return the Merkle root of a batch: a leaf per page, with its original's hash and first reading.

    Parameters
    ----------
    last_event : int
        Later rows, such as the reading after a typed serial, do not belong to it.
    """
    return merkle_root([canonical(leaf) for leaf in _leaves(store, batch, last_event)])


def _leaves(store: Store, batch: str, last_event: int) -> Iterator[list[object]]:
    of_batch = "JOIN pages USING (page) WHERE batch = ? AND readings.event <= ?"
    readings = store.rows(f"SELECT readings.* FROM readings {of_batch}", batch, last_event)
    reading_of_page = {row["page"]: fact(dict(row)) for row in readings}
    answers_of_page: dict[int, list[object]] = {}
    for row in store.rows(
        f"""SELECT answers.*, page FROM readings JOIN decidings USING (reading) JOIN answers USING (deciding)
        {of_batch} AND answers.event <= ? ORDER BY deciding, question""",
        batch,
        last_event,
        last_event,
    ):
        answers_of_page.setdefault(row["page"], []).append(fact(dict(row)))
    for row in store.rows("SELECT * FROM pages WHERE batch = ? ORDER BY page", batch):
        page = row["page"]
        yield [fact(dict(row)), reading_of_page.get(page, {}), answers_of_page.get(page, [])]
