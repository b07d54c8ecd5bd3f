"""Forms that must not be done twice: printing serials, a hand-over, a draw.

Such a form carries a token of its own. Sent again, by the back button, a second click or a page restored
after a restart, the same copy of it does nothing: it leads to what came of it the first time. What was
refused can be sent again. One that was being done when the server died is not done again either: nobody
knows how far it came, so a person looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from omr.errors import OmrError
from omr.web.people.sent import SentForms


class Once:
    """Does each copy of a form one time; lives in the server's one loop."""

    def __init__(self, sent: SentForms) -> None:
        self._sent = sent
        self._doing: dict[str, asyncio.Future[None]] = {}

    async def do(self, mark: str, act: Callable[[], Awaitable[Response]]) -> Response:
        """Do what a form asks for, or lead to where it led when it was sent before.

        Raises
        ------
        OmrError
            If it was being done when the server died.
        """
        while (other := self._doing.get(mark)) is not None:  # a second click at the same moment
            await asyncio.shield(other)
        done = self._doing[mark] = asyncio.get_running_loop().create_future()
        try:
            before = await run_in_threadpool(self._sent.begin, mark)
            if before is None:
                return await self._first(mark, act)
            if not before.place:
                raise OmrError("once.sent_before", at=before.at)
            return RedirectResponse(before.place, status_code=303)
        finally:
            del self._doing[mark]
            done.set_result(None)

    async def _first(self, mark: str, act: Callable[[], Awaitable[Response]]) -> Response:
        try:
            response = await act()
        except Exception:
            await run_in_threadpool(self._sent.end, mark, "")
            raise
        await run_in_threadpool(self._sent.end, mark, response.headers.get("location", ""))
        return response
