"""Password hashes and signed tokens: the libraries behind sign-in."""

import asyncio
import base64
import hashlib
import json
from datetime import datetime
from typing import Any

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.common.tokens import ALGORITHM, USER_ISSUER
from services.users.domain.sessions import ACCESS_LIFE, AccessToken

CONCURRENT_HASHES_MAX = 2


class Passwords:
    """argon2id with the parameters of OWASP's first choice: 19 MiB, 2 rounds, 1 lane."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._slots = asyncio.Semaphore(CONCURRENT_HASHES_MAX)
        self._unknown = self._hasher.hash("an account that is not there")

    async def hash_password(self, password: str) -> str:
        """Return the argon2id hash of a password, in PHC format."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify_password(self, hashed: str | None, password: str) -> bool:
        """True if the password has this hash. Without a hash, take the same time."""
        async with self._slots:
            same = await asyncio.to_thread(self._verify, hashed or self._unknown, password)
        return same and hashed is not None

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (Argon2Error, InvalidHashError):
            return False


class TokenSigner:
    """Signs access tokens with an Ed25519 key. `public` and `key_id` go into the key set."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        self.key_id = thumbprint(self.public)

    def sign_token(self, subject: str, now: datetime, **claims: Any) -> AccessToken:
        """Return a token that is valid for 15 minutes."""
        expire = now + ACCESS_LIFE
        payload = {
            "iss": USER_ISSUER,
            "sub": subject,
            "iat": int(now.timestamp()),
            "exp": int(expire.timestamp()),
            **claims,
        }
        token = jwt.encode(payload, self._key, ALGORITHM, headers={"kid": self.key_id})
        return AccessToken(token, expire)


def thumbprint(public: str) -> str:
    """Return the key id of an Ed25519 key (RFC 7638, RFC 8037 appendix A.3)."""
    content = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": public}, separators=(",", ":"))
    digest = hashlib.sha256(content.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
