"""Key sets are parsed, key fetches are limited, and tokens are verified once."""

import asyncio
import base64
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import RSAAlgorithm

from services.common import tokens
from services.common.tokens import (
    ExpiredTokenError,
    KeyRing,
    TokenCache,
    TokenError,
    issuer_of,
    key_id_of,
    read_key_set,
    verify_token,
)

KEY = Ed25519PrivateKey.generate()


def key_entry(key: Ed25519PrivateKey = KEY, **changes: str) -> dict[str, str]:
    x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "a", "use": "sig"} | changes


def sign(**changes) -> str:
    claims = {"iss": "libral", "sub": "users/1", "exp": int(time.time()) + 60} | changes
    return jwt.encode(claims, KEY, "EdDSA", headers={"kid": "a"})


def test_a_key_set_gives_its_ed25519_keys():
    rsa = RSAAlgorithm.to_jwk(generate_private_key(65537, 2048).public_key(), as_dict=True)
    document = {
        "keys": [
            key_entry(),
            rsa | {"kid": "rsa"},
            key_entry(x="AAAA", kid="short"),
            key_entry(kty="none", kid="unknown"),
            {"kid": "empty"},
        ]
    }
    keys = read_key_set(document)
    assert list(keys) == ["a"]
    assert keys["a"].public_bytes_raw() == KEY.public_key().public_bytes_raw()


@pytest.mark.parametrize("document", [{}, {"keys": []}, {"keys": [{"kty": "oct"}]}])
def test_a_key_set_without_usable_keys_is_empty(document):
    assert read_key_set(document) == {}


def test_the_claims_of_a_token():
    claims = verify_token(
        sign(roles=["ADMIN"], scopes=["users.read"], sid="sessions/1"),
        KEY.public_key(),
        "libral",
        leeway_seconds=5,
    )
    assert (claims.subject, claims.session) == ("users/1", "sessions/1")
    assert (claims.roles, claims.scopes) == ({"ADMIN"}, {"users.read"})
    assert claims.expire == pytest.approx(time.time() + 65, abs=2)


def test_the_leeway_is_a_parameter():
    late = sign(exp=int(time.time()) - 10)
    assert verify_token(late, KEY.public_key(), "libral", 30).subject == "users/1"
    with pytest.raises(ExpiredTokenError):
        verify_token(late, KEY.public_key(), "libral", 5)


@pytest.mark.parametrize(
    "token",
    ["", "a.b.c", sign(iss="other"), sign(sub=None), sign()[:-6] + "AAAAAA"],
)
def test_a_token_that_is_not_valid(token):
    with pytest.raises(TokenError):
        verify_token(token, KEY.public_key(), "libral", 5)


def test_what_is_read_before_verification():
    assert (key_id_of(sign()), issuer_of(sign())) == ("a", "libral")
    for read in (key_id_of, issuer_of):
        with pytest.raises(TokenError):
            read("no token")


class Publisher:
    """Publishes a key, or is away."""

    def __init__(self) -> None:
        self.fetched = 0
        self.away = False

    async def fetch(self):
        self.fetched += 1
        await asyncio.sleep(0)
        if self.away:
            raise ConnectionError
        return {"a": KEY.public_key()}


async def test_calls_at_once_fetch_the_keys_once():
    publisher = Publisher()
    ring = KeyRing(publisher.fetch)
    await asyncio.gather(*(ring.find_key("a") for _ in range(10)))
    assert publisher.fetched == 1
    with pytest.raises(TokenError):
        await ring.find_key("unknown")
    assert publisher.fetched == 1


async def test_a_failed_fetch_is_the_callers_error_until_the_next_one(monkeypatch):
    monkeypatch.setattr(tokens, "RETRY_SECONDS", 0.05)
    publisher = Publisher()
    publisher.away = True
    ring = KeyRing(publisher.fetch)
    for _ in range(3):
        with pytest.raises(ConnectionError):
            await ring.find_key("a")
    assert publisher.fetched == 1
    publisher.away = False
    await asyncio.sleep(0.06)
    assert await ring.find_key("a")
    assert publisher.fetched == 2


async def test_a_ring_with_another_fetch_keeps_the_keys():
    first, second = Publisher(), Publisher()
    ring = KeyRing(first.fetch)
    key = await ring.find_key("a")
    other = ring.with_fetch(second.fetch)
    assert await other.find_key("a") is key
    assert second.fetched == 0
    with pytest.raises(TokenError):
        await other.find_key("unknown")
    assert (first.fetched, second.fetched) == (1, 1)


async def test_a_token_is_verified_once_until_it_expires():
    cache, verified = TokenCache[str](), []

    async def verify(token: str) -> tuple[float, str]:
        verified.append(token)
        return time.time() + (0.05 if token == "short" else 60), token.upper()

    for _ in range(3):
        assert await cache.find_caller("long", verify) == "LONG"
        assert await cache.find_caller("short", verify) == "SHORT"
    assert verified == ["long", "short"]
    await asyncio.sleep(0.06)
    await cache.find_caller("short", verify)
    assert verified == ["long", "short", "short"]


async def test_the_cache_is_bounded_and_holds_verified_tokens_only(monkeypatch):
    monkeypatch.setattr(tokens, "CACHED_MAX", 2)
    cache, verified = TokenCache[str](), []

    async def refuse(_token: str) -> tuple[float, str]:
        raise TokenError

    async def verify(token: str) -> tuple[float, str]:
        verified.append(token)
        return time.time() + 60, token

    with pytest.raises(TokenError):
        await cache.find_caller("a", refuse)
    for token in ("a", "b", "c", "a"):
        await cache.find_caller(token, verify)
    assert verified == ["a", "b", "c", "a"]


class AwayError(Exception):
    """The publisher of the keys does not respond."""


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


async def test_the_error_of_a_failed_fetch_is_raised(monkeypatch):
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
