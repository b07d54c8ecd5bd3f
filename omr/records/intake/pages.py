"""The pages of one batch on their way from its files through the reader into the register."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from omr.errors import RegisterError
from omr.reading.apart import Apart
from omr.reading.files.find import LeftOut
from omr.reading.reader import Result
from omr.reading.scan.pages import EncodedPage
from omr.records.intake.left_out import add_left_out
from omr.records.intake.orders import Orders
from omr.records.intake.rows import CoverSheet, PageRows, Sent
from omr.records.store.originals import Original
from omr.records.store.store import Store
from omr.words import NotRead


@dataclass(frozen=True, slots=True)
class Ended:
    """A file whose last page was sent."""

    original: str
    pages: int
    previews: int  # smaller pictures of its pages


def has_ended(store: Store, batch: str) -> bool:
    """Whether a batch has its root: then no page may be added."""
    return store.row("SELECT 1 FROM batch_ends WHERE batch = ?", batch) is not None


class Reading:
    """The pages of one batch on their way from the files through the reader into the store."""

    def __init__(
        self,
        store: Store,
        batch: str,
        orders: Orders,
        names: Mapping[str, str],
        covered: str | None,
        by: str,
        apart: Apart,
        pages_per_act: int,
    ) -> None:
        self._apart = apart
        self._pages_per_act = pages_per_act
        self._store = store
        self._by = by
        self._batch = batch
        self._orders = orders
        self._names = names
        self._covered = covered  # the original whose first page is a cover sheet
        self._sent: deque[Sent | Ended] = deque()  # in the order in which results come back
        self._ended: list[Ended] = []
        self._chunk: list[tuple[Sent, Result | CoverSheet]] = []

    def run(
        self,
        originals: Iterable[Original],
        read: Callable[[Iterable[EncodedPage]], Iterator[Result]],
        seen: Callable[[Result], None],
    ) -> None:
        """Read what is unread; what was read is stored, also when this is interrupted."""
        pages = self._feed(originals)
        try:
            for result in read(pages):
                self._pass_ends()
                sent = self._sent.popleft()
                assert isinstance(sent, Sent)  # ends were passed above
                self._chunk.append((sent, result))
                seen(result)
                if len(self._chunk) == self._pages_per_act:
                    self._write()
        finally:
            pages.close()  # with the file that is open: PDFium writes on standard error what it has to close
            self._pass_ends()
            self._write()

    def _feed(self, originals: Iterable[Original]) -> Generator[EncodedPage, None, None]:
        for original in originals:
            known = self._known(original.sha256)
            count = previews = 0
            for page in self._apart.pages(original.path):
                count = page.page
                previews += page.previews
                if page.page in known:
                    continue
                picture = page.made_of
                named = replace(page, file=self._names[original.sha256])
                sent = Sent(original.sha256, page.page, picture, page.older)
                if page.page == 1 and original.sha256 == self._covered:
                    self._chunk.append((sent, CoverSheet()))
                else:
                    self._sent.append(sent)
                    yield named
            self._sent.append(Ended(original.sha256, count, previews))

    def _pass_ends(self) -> None:
        while self._sent and isinstance(self._sent[0], Ended):
            ended = self._sent.popleft()
            assert isinstance(ended, Ended)
            self._ended.append(ended)

    def _known(self, original: str) -> set[int]:
        rows = self._store.rows("SELECT number FROM pages WHERE original = ?", original)
        return {row["number"] for row in rows}

    def _is_stored(self, sent: Sent) -> bool:
        page = "SELECT 1 FROM pages WHERE original = ? AND number = ?"
        return self._store.row(page, sent.original, sent.number) is not None

    def _write(self) -> None:
        """Store the chunk in one act; what another program stored meanwhile is left as it is."""
        store = self._store
        with store.act("read", by=self._by) as act:
            if has_ended(store, self._batch):  # its root is taken: a page more would look like a forgery
                raise RegisterError("records.batch_ended", batch=self._batch)
            rows = PageRows(store, act, self._batch, self._orders)
            for sent, result in self._chunk:
                if not self._is_stored(sent):
                    rows.add(sent, result)
            rows.insert()
            for ended in self._ended:
                if store.row("SELECT 1 FROM original_ends WHERE original = ?", ended.original) is None:
                    act.add("original_ends", {"original": ended.original, "pages": ended.pages})
                    if ended.previews:
                        name = self._names[ended.original]
                        small = LeftOut(name, NotRead.PREVIEW, ended.previews)
                        add_left_out(store, act, self._batch, [small])
        self._chunk.clear()
        self._ended.clear()
