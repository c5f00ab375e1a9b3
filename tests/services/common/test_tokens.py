"""Keys that tokens are verified with: fetched once for many callers, and not too often."""

import asyncio

import pytest

from services.common import tokens
from services.common.tokens import KeyRing, TokenError


class AwayError(Exception):
    """The publisher of the keys does not answer."""


def ring(keys: dict, calls: list, *, error: Exception | None = None) -> KeyRing:
    async def fetch():
        calls.append(1)
        await asyncio.sleep(0)
        if error is not None:
            raise error
        return dict(keys)

    return KeyRing(fetch)


async def is_unknown(known: KeyRing, key_id: str) -> bool:
    try:
        await known.find_key(key_id)
    except TokenError:
        return True
    return False


async def test_fetches_keys_once_for_many_and_not_too_often(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now)
    keys, calls = {"a": object()}, []
    known = ring(keys, calls)
    assert await asyncio.gather(*(known.find_key("a") for _ in range(10))) == [keys["a"]] * 10
    assert len(calls) == 1
    keys["b"] = object()
    assert await is_unknown(known, "b")
    now += 5
    assert await known.find_key("b") is keys["b"]
    assert len(calls) == 2


async def test_says_when_the_keys_cannot_be_had(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now)
    calls = []
    known = ring({}, calls, error=AwayError())
    for _ in range(3):
        with pytest.raises(AwayError):
            await known.find_key("a")
    assert len(calls) == 1
    now += 0.5
    with pytest.raises(AwayError):
        await known.find_key("a")
    assert len(calls) == 2
