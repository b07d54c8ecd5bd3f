"""Stacks as intake enters them, without files: rows of pages, and what people say of them."""

from __future__ import annotations

from typing import Any

from omr.records.intake.orders import Orders
from omr.records.intake.rows import PageRows, Sent
from omr.records.store.store import Store


class Stacks:
    """Stacks of known pages, entered as intake enters them, without files."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.pages: list[int] = []

    def __call__(self, *results: Any, unit: str | None = None, period: str | None = None) -> list[int]:
        """Enter a stack; return the numbers of its pages."""
        store = self.store
        with store.act("read", by="test") as act:
            number = act.next_id("batches", "rowid")
            batch, original = f"B{number:06}", f"{number:064}"
            act.add("originals", {"original": original, "path": f"scans/{number}", "bytes": 1})
            act.add("batches", {"batch": batch, "unit": unit, "period": period, "expected": None})
            act.add("batch_files", {"batch": batch, "original": original, "position": 1, "file": "a.tif"})
            first = act.next_id("pages", "page")
            rows = PageRows(store, act, batch, Orders(unit, period, None))
            for at, result in enumerate(results, start=1):
                rows.add(Sent(original, at, f"{number}-{at}", ()), result)
            rows.insert()
            act.add("original_ends", {"original": original, "pages": len(results)})
            act.add("batch_ends", {"batch": batch, "root": original})
        return list(range(first, first + len(results)))

    def judged(self, outcome: str, page: int, reason: str | None = None) -> None:
        """What somebody says about a page that was not read."""
        with self.store.act("decide_page", by="lan") as act:
            decision = act.next_id("decided_pages", "decision")
            row = {"page": page, "outcome": outcome, "serial": None, "reason": reason}
            act.add("decided_pages", {"decision": decision, **row})

    def decided(self, outcome: str, serial: object, reason: str | None = None) -> None:
        """What somebody says about a slip."""
        with self.store.act("decide_slip", by="lan") as act:
            reading = self.store.value("SELECT max(reading) FROM slips WHERE serial = ?", str(serial))
            decision = act.next_id("decided_slips", "decision")
            row = {"reading": reading, "outcome": outcome, "reason": reason}
            act.add("decided_slips", {"decision": decision, **row})

    def answered(self, serial: object, question: str, *codes: str) -> None:
        """What somebody says about a doubtful answer; without codes: nothing is marked."""
        with self.store.act("decide_answer", by="lan") as act:
            reading = self.store.value("SELECT max(reading) FROM slips WHERE serial = ?", str(serial))
            said = {"state": "answered" if codes else "no_answer", "codes": " ".join(codes)}
            row = {"reading": reading, "question": question, **said}
            act.add("decided_answers", {"decision": act.next_id("decided_answers", "decision"), **row})
