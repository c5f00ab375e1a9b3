"""Passwords and secrets: how long, how they are made and hashed."""

import hashlib
import secrets

from services.kernel.errors import FieldViolation

PASSWORD_MIN, PASSWORD_MAX = 12, 128


def password_violations(password: str, field: str) -> list[FieldViolation]:
    """Return what is wrong with a password, as violations of `field`."""
    if PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        return []
    return [FieldViolation(field, f"Use {PASSWORD_MIN} to {PASSWORD_MAX} characters.")]


def new_secret(prefix: str = "") -> str:
    """Return `prefix` and a random secret of 256 bits."""
    return prefix + secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """Return the SHA-256 of a secret. 256 random bits cannot be guessed: one round is enough."""
    return hashlib.sha256(secret.encode()).digest()
