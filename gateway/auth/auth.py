"""Callers: tokens verified once and remembered, and the access rules of methods."""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.contracts.descriptors import Rule
from gateway.http.errors import PERMISSION_DENIED, StatusError, failure, unauthenticated

ALGORITHM = "EdDSA"
ISSUER = "libral"
SCHEME = "bearer"
LEEWAY_SECONDS = 5
REMEMBERED_MAX = 10_000
TOKEN_CHARACTERS_MAX = 8192
REFETCH_SECONDS = 5.0
RETRY_SECONDS = 0.5

Keys = Mapping[str, Ed25519PublicKey]


@dataclass(frozen=True)
class Caller:
    """Who calls, until when (Unix seconds) they are taken for that, and what upstreams are told.

    `authorization` is the value of that header as an upstream gets it.
    """

    authorization: str
    subject: str = ""
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    expire: float = math.inf


class KeyRing:
    """The keys that tokens are verified with: fetched when a new one is met, and not too often."""

    def __init__(self, fetch: Callable[[], Awaitable[Keys]]) -> None:
        self._fetch = fetch
        self._keys: Keys = {}
        self._next_fetch = 0.0
        self._problem: StatusError | None = None
        self._lock = asyncio.Lock()

    def asking(self, fetch: Callable[[], Awaitable[Keys]]) -> "KeyRing":
        """Makes a ring that knows the same keys and asks elsewhere for new ones."""
        ring = KeyRing(fetch)
        ring._keys = self._keys
        return ring

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """Finds a key.

        Raises:
            StatusError: The key is not known, and who would tell is away.
        """
        if key_id not in self._keys:
            async with self._lock:
                if key_id not in self._keys and time.monotonic() >= self._next_fetch:
                    await self._refetch()
        key = self._keys.get(key_id)
        if key is None and self._problem is not None:
            raise self._problem
        return key

    async def _refetch(self) -> None:
        try:
            self._keys, self._problem = await self._fetch(), None
        except StatusError as error:
            self._problem = error
        wait = REFETCH_SECONDS if self._problem is None else RETRY_SECONDS
        self._next_fetch = time.monotonic() + wait


class Authenticator:
    """Verifies user tokens, each once."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._remembered: OrderedDict[bytes, Caller] = OrderedDict()

    def asking(self, fetch: Callable[[], Awaitable[Keys]]) -> "Authenticator":
        """Makes an authenticator with the same memory that asks elsewhere for new keys."""
        authenticator = Authenticator(self._keys.asking(fetch))
        authenticator._remembered = self._remembered
        return authenticator

    async def caller(self, authorization: str | None, rule: Rule | None) -> Caller | None:
        """Tells who calls a method under that rule, and admits them or raises.

        A token that is not good is no obstacle where none is needed; it is
        then as if it had not been sent.

        Raises:
            StatusError: 401, 403, or 503 when the keys cannot be had.
        """
        if rule is None or rule.public:
            try:
                return await self.verify(authorization) if authorization else None
            except StatusError:
                return None
        caller = await self.verify(authorization)
        enforce(rule, caller)
        return caller

    async def verify(self, authorization: str | None) -> Caller:
        """Verifies the value of an authorization header."""
        if not authorization:
            raise unauthenticated("TOKEN_MISSING", "This needs a bearer token.")
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != SCHEME or not token or len(token) > TOKEN_CHARACTERS_MAX:
            raise unauthenticated("TOKEN_INVALID", "authorization must be a bearer token.")
        digest = hashlib.sha256(token.encode()).digest()
        known = self._remembered.get(digest)
        if known is not None and known.expire > time.time():
            return known
        caller = await self._read(token)
        self._remembered[digest] = caller
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return caller

    async def _read(self, token: str) -> Caller:
        try:
            claims = await self._claims(token)
        except jwt.ExpiredSignatureError:
            raise expired() from None
        except jwt.PyJWTError:
            raise unauthenticated("TOKEN_INVALID", "The token is not valid.") from None
        return Caller(
            authorization=f"Bearer {token}",
            subject=str(claims["sub"]),
            roles=frozenset(claims.get("roles", ())),
            scopes=frozenset(claims.get("scopes", ())),
            expire=float(claims["exp"]) + LEEWAY_SECONDS,
        )

    async def _claims(self, token: str) -> dict[str, Any]:
        key = await self._keys.find(str(jwt.get_unverified_header(token).get("kid", "")))
        if key is None:
            raise jwt.InvalidKeyError("unknown key id")
        return jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "sub"]},
        )


class OpenDoor:
    """Admits everybody. Whether they are who they say is for the upstream to judge."""

    async def caller(self, authorization: str | None, _: Rule | None) -> Caller | None:
        return await self.verify(authorization) if authorization else None

    async def verify(self, authorization: str | None) -> Caller:
        """Takes the value of an authorization header as it is."""
        value = authorization or ""
        if not (value.isascii() and value.isprintable()):
            raise unauthenticated("TOKEN_INVALID", "authorization must be printable ASCII.")
        return Caller(value)


def expired() -> StatusError:
    return unauthenticated("TOKEN_EXPIRED", "The token has expired.")


def enforce(rule: Rule, caller: Caller) -> None:
    """Admits a caller who holds one of the roles, or the scope."""
    if caller.roles & rule.roles or (rule.scope and rule.scope in caller.scopes):
        return
    roles = ", ".join(sorted(rule.roles))
    raise failure(
        PERMISSION_DENIED,
        "PERMISSION_DENIED",
        f"This needs one of the roles {roles}.",
        metadata={"roles": roles, "scope": rule.scope},
    )
