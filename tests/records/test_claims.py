"""Who looks whether something is owned is no owner: neither for a claim, nor for another who looks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from omr.records.intake.claims import Claims, OwnedError

# How long a claim waits in these tests for looks, on however busy a machine.
_LONG_S = 300.0


def test_looks_and_claims_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Seen: a scan that began while another program looked ended, and the desk said `interrupted`."""
    claims = Claims(tmp_path, looks=_LONG_S)
    with claims.at_once("stack"):
        pass

    def look(_: int) -> bool:
        return claims.is_owned("stack")

    with ThreadPoolExecutor(3) as others:
        seen = others.map(look, range(600))
        for _ in range(100):
            with claims.at_once("another"):
                assert claims.is_owned("another")
        assert not any(seen)

    def claim(_: int) -> bool:
        with claims.at_once("stack"):
            return True

    with ThreadPoolExecutor(2) as others:
        looks = others.map(look, range(300))
        assert all(map(claim, range(100)))
        assert len(list(looks)) == 300


def test_what_is_owned_is_refused_and_seen(tmp_path: Path) -> None:
    claims = Claims(tmp_path, looks=0.0)
    with claims.at_once("stack"):
        assert claims.is_owned("stack")
        with pytest.raises(OwnedError), claims.at_once("stack"):
            pass
    assert not claims.is_owned("stack")
