"""Forms that must not be done twice: printing serials, a hand-over, a draw.

Such a form carries a token of its own. Sent again, by the back button or a second click, the same copy of it
does nothing: it leads to what came of it the first time. What was refused can be sent again. Kept in memory:
a server that starts anew hands out new forms.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.responses import RedirectResponse, Response

_KEPT: Final = 5_000  # forms of all sessions: weeks of printing


class Once:
    """What came of each form that was sent; lives in the server's one loop."""

    def __init__(self) -> None:
        self._places: OrderedDict[tuple[str, str], asyncio.Future[str]] = OrderedDict()

    async def do(self, session: str, token: str, act: Callable[[], Awaitable[Response]]) -> Response:
        """Do what a form asks for, or lead to where it led when it was sent before."""
        key = session, token
        while (before := self._places.get(key)) is not None:
            if place := await asyncio.shield(before):
                return RedirectResponse(place, status_code=303)
        place = ""
        coming = self._places[key] = asyncio.get_running_loop().create_future()
        try:
            response = await act()
            place = response.headers.get("location", "")
            return response
        finally:
            if not place:
                del self._places[key]  # refused: the same form may be mended and sent again
            coming.set_result(place)
            while len(self._places) > _KEPT:
                self._places.popitem(last=False)
