"""Signed tokens: JSON Web Key Sets (RFC 7517) and JWTs signed with Ed25519 (RFC 7519, RFC 8037).

A token is verified once: `TokenCache` remembers its digest until it expires.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALGORITHM = "EdDSA"
USER_ISSUER = "libral"
REMEMBERED_MAX = 10_000
REFETCH_SECONDS = 5.0
RETRY_SECONDS = 0.5

Keys = Mapping[str, Ed25519PublicKey]
Fetch = Callable[[], Awaitable[Keys]]
Caller = TypeVar("Caller")


class TokenError(Exception):
    """A token that is malformed, forged or signed with an unknown key."""


class ExpiredTokenError(TokenError):
    """A token that was good and has expired."""


@dataclass(frozen=True)
class Claims:
    """The verified claims of a token. `expire` is Unix time in seconds, leeway included."""

    subject: str
    roles: frozenset[str]
    scopes: frozenset[str]
    session: str
    expire: float


def read_key_set(document: Mapping[str, Any]) -> Keys:
    """Return the Ed25519 keys of a JSON Web Key Set by their ids. Others are left out.

    `jwt.PyJWKSet` fails as a whole on some malformed keys, so each key is read on its own.
    """
    keys: dict[str, Ed25519PublicKey] = {}
    for entry in document.get("keys", ()):
        try:
            one = jwt.PyJWK(entry)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            continue
        if one.key_id and isinstance(one.key, Ed25519PublicKey):
            keys[one.key_id] = one.key
    return keys


def key_id_of(token: str) -> str:
    """Return the `kid` of a token's header, which is not verified. Empty if there is none.

    Raises:
        TokenError: The token is malformed.
    """
    try:
        return str(jwt.get_unverified_header(token).get("kid", ""))
    except jwt.PyJWTError:
        raise TokenError from None


def issuer_of(token: str) -> str:
    """Return the `iss` claim of a token, which is not verified. Empty if there is none.

    Raises:
        TokenError: The token is malformed.
    """
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise TokenError from None
    return str(claims.get("iss", ""))


def verify_token(token: str, key: Ed25519PublicKey, issuer: str, leeway_seconds: float) -> Claims:
    """Return the claims of a token that `issuer` signed with `key`.

    Raises:
        ExpiredTokenError: The token expired more than `leeway_seconds` ago.
        TokenError: The token is not valid.
    """
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=issuer,
            leeway=leeway_seconds,
            options={"require": ["exp", "sub"]},
        )
    except jwt.ExpiredSignatureError:
        raise ExpiredTokenError from None
    except jwt.PyJWTError:
        raise TokenError from None
    return Claims(
        subject=str(claims["sub"]),
        roles=frozenset(claims.get("roles", ())),
        scopes=frozenset(claims.get("scopes", ())),
        session=str(claims.get("sid", "")),
        expire=float(claims["exp"]) + leeway_seconds,
    )


class KeyRing:
    """The keys that tokens are verified with.

    An unknown key id makes the ring fetch the keys: at most once in 5 seconds, and in half a
    second after a failed fetch.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._keys: Keys = {}
        self._next_fetch = 0.0
        self._problem: Exception | None = None
        self._lock = asyncio.Lock()

    def with_fetch(self, fetch: Fetch) -> "KeyRing":
        """Return a ring with the same keys that fetches new ones with `fetch`."""
        ring = KeyRing(fetch)
        ring._keys = self._keys
        return ring

    async def find_key(self, key_id: str) -> Ed25519PublicKey:
        """Return the key of an id.

        Raises:
            TokenError: No such key is published.
            Exception: The key is not known, and the last fetch failed with this error.
        """
        if key_id not in self._keys:
            async with self._lock:
                if key_id not in self._keys and time.monotonic() >= self._next_fetch:
                    await self._refetch()
        key = self._keys.get(key_id)
        if key is not None:
            return key
        raise self._problem or TokenError("unknown key id")

    async def _refetch(self) -> None:
        try:
            self._keys, self._problem = await self._fetch(), None
        except Exception as error:  # noqa: BLE001 - callers get the fetcher's own error
            self._problem = error
        wait = REFETCH_SECONDS if self._problem is None else RETRY_SECONDS
        self._next_fetch = time.monotonic() + wait


class TokenCache(Generic[Caller]):
    """Callers by the digests of their verified tokens, at most 10,000, until they expire."""

    def __init__(self) -> None:
        self._callers: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def find_caller(
        self, token: str, verify: Callable[[str], Awaitable[tuple[float, Caller]]]
    ) -> Caller:
        """Return the caller of a token. `verify` returns its expiry (Unix seconds) and caller.

        Raises what `verify` raises; a token that is not verified is not remembered.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._callers.get(digest)
        if known is not None and known[0] > time.time():
            return known[1]
        verified = self._callers[digest] = await verify(token)
        if len(self._callers) > REMEMBERED_MAX:
            self._callers.popitem(last=False)
        return verified[1]
