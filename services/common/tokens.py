"""Signed tokens: JSON Web Key Sets (RFC 7517) and JWTs signed with Ed25519 (RFC 7519, RFC 8037).

`TokenCache` holds verified tokens by digest until they expire.
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
CACHED_MAX = 10_000
REFETCH_SECONDS = 5.0
RETRY_SECONDS = 0.5

Keys = Mapping[str, Ed25519PublicKey]
Fetch = Callable[[], Awaitable[Keys]]
CallerT = TypeVar("CallerT")


class TokenError(Exception):
    """The token is malformed, has a wrong signature or is signed with an unknown key."""


class ExpiredTokenError(TokenError):
    """The token is valid but has expired."""


@dataclass(frozen=True)
class Claims:
    """The verified claims of a token.

    `session` is the claim `sid`. `expire` is Unix time in seconds, with the leeway added.
    """

    subject: str
    roles: frozenset[str]
    scopes: frozenset[str]
    session: str
    expire: float


def read_key_set(document: Mapping[str, Any]) -> Keys:
    """Return the Ed25519 keys of a JSON Web Key Set by key id. Skip other and malformed keys.

    `jwt.PyJWKSet` rejects a whole set for some malformed keys, so each key is read separately.
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
    """Return the unverified `kid` of a token's header, or the empty string.

    Raises:
        TokenError: The token is malformed.
    """
    try:
        return str(jwt.get_unverified_header(token).get("kid", ""))
    except jwt.PyJWTError:
        raise TokenError from None


def issuer_of(token: str) -> str:
    """Return the unverified `iss` claim of a token, or the empty string.

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
    """The public keys that tokens are verified with, by key id.

    An unknown key id triggers a fetch of the keys: at most one every 5 seconds, or 0.5 seconds
    after a failed one. Concurrent look-ups share a fetch.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._keys: Keys = {}
        self._next_fetch = 0.0
        self._error: Exception | None = None
        self._lock = asyncio.Lock()

    def with_fetch(self, fetch: Fetch) -> "KeyRing":
        """Return a ring with the same keys that fetches new ones with `fetch`."""
        ring = KeyRing(fetch)
        ring._keys = self._keys
        return ring

    async def find_key(self, key_id: str) -> Ed25519PublicKey:
        """Return the key of an id.

        Raises:
            TokenError: The key set has no such key.
            Exception: The key id is unknown and the last fetch failed with this error.
        """
        if key_id not in self._keys:
            async with self._lock:
                if key_id not in self._keys and time.monotonic() >= self._next_fetch:
                    await self._refetch()
        key = self._keys.get(key_id)
        if key is not None:
            return key
        raise self._error or TokenError("unknown key id")

    async def _refetch(self) -> None:
        try:
            self._keys, self._error = await self._fetch(), None
        except Exception as error:  # noqa: BLE001 - the error is raised by find_key
            self._error = error
        wait = REFETCH_SECONDS if self._error is None else RETRY_SECONDS
        self._next_fetch = time.monotonic() + wait


class TokenCache(Generic[CallerT]):
    """A cache of callers by token digest: at most 10,000, each until its token expires."""

    def __init__(self) -> None:
        self._callers: OrderedDict[bytes, tuple[float, CallerT]] = OrderedDict()

    async def find_caller(
        self, token: str, verify: Callable[[str], Awaitable[tuple[float, CallerT]]]
    ) -> CallerT:
        """Return the caller of a token, from the cache or from `verify`.

        `verify` returns the expiry, in seconds of Unix time, and the caller. Its errors are raised
        and not cached.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._callers.get(digest)
        if known is not None and known[0] > time.time():
            return known[1]
        verified = self._callers[digest] = await verify(token)
        if len(self._callers) > CACHED_MAX:
            self._callers.popitem(last=False)
        return verified[1]
