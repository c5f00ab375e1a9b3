"""Callers: verified tokens with a cache, and the access rules of methods."""

import math
from collections.abc import Awaitable
from dataclasses import dataclass

from gateway.contracts.descriptors import Rule
from gateway.http.errors import PERMISSION_DENIED, StatusError, failure, unauthenticated
from services.common.tokens import (
    USER_ISSUER,
    ExpiredTokenError,
    Fetch,
    KeyRing,
    TokenCache,
    TokenError,
    key_id_of,
    verify_token,
)

SCHEME = "bearer"
LEEWAY_SECONDS = 5
TOKEN_CHARACTERS_MAX = 8192


@dataclass(frozen=True)
class RequestCaller:
    """An authenticated caller.

    `authorization` is the header value that upstreams receive. `expire` is when the token expires,
    in Unix
    seconds.
    """

    authorization: str
    subject: str = ""
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    expire: float = math.inf


class Authenticator:
    """Verifies user tokens, each once."""

    def __init__(self, keys: KeyRing, cache: TokenCache[RequestCaller] | None = None) -> None:
        self._keys = keys
        self._cache = cache or TokenCache[RequestCaller]()

    def with_fetch(self, fetch: Fetch) -> "Authenticator":
        """Return an authenticator with the same cache that fetches new keys with `fetch`."""
        return Authenticator(self._keys.with_fetch(fetch), self._cache)

    async def authenticate(
        self, authorization: str | None, rule: Rule | None
    ) -> RequestCaller | None:
        """Return the caller of a method that has this access rule.

        An invalid token is ignored where the rule requires none.

        Raises:
            StatusError: 401, 403, or 503 when the keys cannot be fetched.
        """
        if rule is None or rule.public:
            try:
                return await self.verify(authorization) if authorization else None
            except StatusError:
                return None
        caller = await self.verify(authorization)
        enforce_rule(rule, caller)
        return caller

    def verify(self, authorization: str | None) -> Awaitable[RequestCaller]:
        """Verify the value of an authorization header.

        Raises:
            StatusError: 401, or 503 when the keys cannot be fetched.
        """
        if not authorization:
            raise unauthenticated("TOKEN_MISSING", "A bearer token is required.")
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != SCHEME or not token or len(token) > TOKEN_CHARACTERS_MAX:
            raise unauthenticated("TOKEN_INVALID", "authorization must be a bearer token.")
        return self._cache.find_caller(token, self._read_token)

    async def _read_token(self, token: str) -> tuple[float, RequestCaller]:
        try:
            key = await self._keys.find_key(key_id_of(token))
            claims = verify_token(token, key, USER_ISSUER, LEEWAY_SECONDS)
        except ExpiredTokenError:
            raise token_expired() from None
        except TokenError:
            raise unauthenticated("TOKEN_INVALID", "The token is not valid.") from None
        caller = RequestCaller(
            authorization=f"Bearer {token}",
            subject=claims.subject,
            roles=claims.roles,
            scopes=claims.scopes,
            expire=claims.expire,
        )
        return claims.expire, caller


class NoAuth:
    """Admits every caller to every method. Upstreams verify the `authorization` header."""

    async def authenticate(self, authorization: str | None, _: Rule | None) -> RequestCaller | None:
        return await self.verify(authorization) if authorization else None

    async def verify(self, authorization: str | None) -> RequestCaller:
        """Return a caller with this authorization value, unverified.

        Raises:
            StatusError: 401, the value is not printable ASCII.
        """
        value = authorization or ""
        if not (value.isascii() and value.isprintable()):
            raise unauthenticated("TOKEN_INVALID", "authorization must be printable ASCII.")
        return RequestCaller(value)


def token_expired() -> StatusError:
    return unauthenticated("TOKEN_EXPIRED", "The token has expired.")


def enforce_rule(rule: Rule, caller: RequestCaller) -> None:
    """Check that a caller has one of the rule's roles, or its scope.

    Raises:
        StatusError: 403.
    """
    if caller.roles & rule.roles or (rule.scope and rule.scope in caller.scopes):
        return
    roles = ", ".join(sorted(rule.roles))
    raise failure(
        PERMISSION_DENIED,
        "PERMISSION_DENIED",
        f"One of these roles is required: {roles}.",
        metadata={"roles": roles, "scope": rule.scope},
    )
