"""What reviewers said on items whose answer was known: a measure of reading, no fact about a slip."""

from __future__ import annotations

from omr.web.people.database import Keeping


class KnownAnswers:
    """The known items that each reviewer had."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping

    def note(self, name: str, item: str, right: bool) -> None:
        """Note what a reviewer said; the first time counts."""
        with self._keeping.writing():
            self._keeping.run(
                "INSERT OR IGNORE INTO known_answers VALUES (?, ?, ?, ?)",
                [name, item, self._keeping.now(), int(right)],
            )

    def of(self, name: str) -> frozenset[str]:
        """Return the known items that a reviewer had."""
        rows = self._keeping.rows("SELECT item FROM known_answers WHERE name = ?", [name])
        return frozenset(row[0] for row in rows)

    def figures(self) -> dict[str, tuple[int, int]]:
        """Return for each reviewer how many known items were read right, of how many."""
        rows = self._keeping.rows("SELECT name, sum(right), count(*) FROM known_answers GROUP BY name")
        return {name: (right, count) for name, right, count in rows}
