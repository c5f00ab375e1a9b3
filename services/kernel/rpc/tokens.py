"""Service tokens, which this service signs, and the verification of callers' tokens.

Users' tokens are signed by the users service and verified with its published keys. Service
tokens are signed by any service with the key of the mesh.
"""

import time

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.common.settings import SettingsError
from services.common.tokens import (
    ALGORITHM,
    USER_ISSUER,
    ExpiredTokenError,
    Fetch,
    KeyRing,
    TokenCache,
    TokenError,
    issuer_of,
    key_id_of,
    verify_token,
)
from services.kernel.calls import Caller
from services.kernel.errors import UnauthenticatedError

SERVICE_ISSUER = "libral-mesh"
SERVICE_TOKEN_SECONDS = 300
SERVICE_TOKEN_RENEW_SECONDS = 60
LEEWAY_SECONDS = 30


def load_key(variable: str, content: bytes) -> Ed25519PrivateKey:
    """Return the Ed25519 private key of a PEM file that `variable` names.

    Raises:
        SettingsError: The content is no Ed25519 private key in PEM.
    """
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"{variable} names no Ed25519 private key in PEM.")
    return key


class ServiceTokens:
    """Signs the tokens of a service's calls to other services, with the key of the mesh."""

    def __init__(self, service: str, key: Ed25519PrivateKey) -> None:
        self._subject = f"services/{service}"
        self._key = key
        self._token = ""
        self._expire = 0.0

    def current_token(self) -> str:
        """Return a JWT that is valid for 60 to 300 seconds."""
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


class TokenVerifier:
    """Verifies tokens of users and services."""

    def __init__(self, mesh_key: Ed25519PublicKey, fetch_user_keys: Fetch) -> None:
        self._mesh_key = mesh_key
        self._user_keys = KeyRing(fetch_user_keys)
        self._cache = TokenCache[Caller]()

    async def identify_caller(self, token: str) -> Caller:
        """Return the caller of a token.

        Raises:
            UnauthenticatedError: The token is malformed, forged or expired.
            UnavailableError: The keys of users' tokens cannot be fetched.
        """
        try:
            return await self._cache.find_caller(token, self._verify)
        except ExpiredTokenError:
            raise unauthenticated("TOKEN_EXPIRED", "The token has expired.") from None
        except TokenError:
            raise unauthenticated("TOKEN_INVALID", "The token is not valid.") from None

    async def _verify(self, token: str) -> tuple[float, Caller]:
        if issuer_of(token) == SERVICE_ISSUER:
            key, issuer = self._mesh_key, SERVICE_ISSUER
        else:
            key, issuer = await self._user_keys.find_key(key_id_of(token)), USER_ISSUER
        claims = verify_token(token, key, issuer, LEEWAY_SECONDS)
        caller = Caller(
            subject=claims.subject,
            roles=claims.roles,
            scopes=claims.scopes,
            session=claims.session,
        )
        return claims.expire, caller


def unauthenticated(reason: str, message: str) -> UnauthenticatedError:
    """Return the error of a token that is not accepted."""
    return UnauthenticatedError(reason, message, localized="サインインし直してください。")
