"""Signed tokens: who calls, verified once and remembered.

A token is a JWT signed with Ed25519 (RFC 7519, RFC 8037). Users' tokens are
signed by the users room and verified with its published keys. Service tokens
are signed by any room with the key of the mesh.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.kernel.calls import Caller
from services.kernel.errors import UnauthenticatedError
from services.kernel.settings import SettingsError

ALGORITHM = "EdDSA"
USER_ISSUER = "libral"
SERVICE_ISSUER = "libral-mesh"
SERVICE_TOKEN_SECONDS = 300
SERVICE_TOKEN_RENEW_SECONDS = 60
LEEWAY_SECONDS = 30
REMEMBERED_MAX = 10_000
KEY_REFRESH_SECONDS = 5.0

Keys = Mapping[str, Ed25519PublicKey]


def load_key(variable: str, content: bytes) -> Ed25519PrivateKey:
    """Reads an Ed25519 private key in PEM, that `variable` was to name."""
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"{variable} names no Ed25519 private key in PEM.")
    return key


class ServiceTokens:
    """Signs the tokens that this room calls other rooms with."""

    def __init__(self, room: str, key: Ed25519PrivateKey) -> None:
        self._subject = f"services/{room}"
        self._key = key
        self._token = ""
        self._expire = 0.0

    def current(self) -> str:
        now = time.time()
        if self._expire - now < SERVICE_TOKEN_RENEW_SECONDS:
            self._expire = now + SERVICE_TOKEN_SECONDS
            claims = {
                "iss": SERVICE_ISSUER,
                "sub": self._subject,
                "roles": ["SERVICE"],
                "iat": int(now),
                "exp": int(self._expire),
            }
            self._token = jwt.encode(claims, self._key, ALGORITHM)
        return self._token


class Verifier:
    """Verifies tokens, each once until it expires."""

    def __init__(
        self, mesh_key: Ed25519PublicKey, fetch_user_keys: Callable[[], Awaitable[Keys]]
    ) -> None:
        self._mesh_key = mesh_key
        self._fetch_user_keys = fetch_user_keys
        self._user_keys: Keys = {}
        self._fetched = 0.0
        self._remembered: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def verify(self, token: str) -> Caller:
        """Tells who holds a token.

        Raises:
            UnauthenticatedError: It is malformed, forged or expired.
            UnavailableError: The users room, whose keys it needs, is away.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._remembered.get(digest)
        if known is not None and known[0] > time.time():
            return known[1]
        try:
            claims = await self._claims(token)
        except jwt.ExpiredSignatureError:
            raise unauthenticated("TOKEN_EXPIRED", "The token has expired.") from None
        except jwt.PyJWTError:
            raise unauthenticated("TOKEN_INVALID", "The token is not valid.") from None
        caller = Caller(
            subject=claims["sub"],
            roles=frozenset(claims.get("roles", ())),
            scopes=frozenset(claims.get("scopes", ())),
            session=claims.get("sid", ""),
        )
        self._remembered[digest] = (float(claims["exp"]), caller)
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return caller

    async def _claims(self, token: str) -> dict[str, Any]:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        if issuer == SERVICE_ISSUER:
            return decode(token, self._mesh_key, SERVICE_ISSUER)
        key = await self._user_key(str(jwt.get_unverified_header(token).get("kid", "")))
        return decode(token, key, USER_ISSUER)

    async def _user_key(self, key_id: str) -> Ed25519PublicKey:
        age = time.monotonic() - self._fetched
        if key_id not in self._user_keys and (not self._fetched or age > KEY_REFRESH_SECONDS):
            self._user_keys = await self._fetch_user_keys()
            self._fetched = time.monotonic()
        if key_id not in self._user_keys:
            raise jwt.InvalidKeyError("unknown key id")
        return self._user_keys[key_id]


def decode(token: str, key: Ed25519PublicKey, issuer: str) -> dict[str, Any]:
    return jwt.decode(
        token,
        key,
        algorithms=[ALGORITHM],
        issuer=issuer,
        leeway=LEEWAY_SECONDS,
        options={"require": ["exp", "sub"]},
    )


def unauthenticated(reason: str, message: str) -> UnauthenticatedError:
    return UnauthenticatedError(reason, message, localized="サインインし直してください。")
