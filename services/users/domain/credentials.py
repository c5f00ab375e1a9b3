"""Password rules, and random secrets with their hashes."""

import hashlib
import secrets

from services.kernel.errors import FieldViolation

PASSWORD_MIN, PASSWORD_MAX = 12, 128


def password_violations(password: str, field: str) -> list[FieldViolation]:
    """Return the rules that a password breaks, as violations of `field`."""
    if PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        return []
    return [FieldViolation(field, f"Use {PASSWORD_MIN} to {PASSWORD_MAX} characters.")]


def new_secret(prefix: str = "") -> str:
    """Return a random secret of 256 bits in base64url, after `prefix`."""
    return prefix + secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """Return the SHA-256 of a secret. 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()
