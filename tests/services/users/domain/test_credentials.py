import hashlib

import pytest

from services.users.domain.credentials import new_secret, password_violations, secret_hash


@pytest.mark.parametrize(("length", "valid"), [(0, 0), (11, 0), (12, 1), (128, 1), (129, 0)])
def test_a_password_has_12_to_128_characters(length, valid):
    violations = password_violations("x" * length, "password")
    assert [violation.field for violation in violations] == [] if valid else ["password"]


def test_secrets_differ_and_hold_256_bits():
    first, second = new_secret("lbk_"), new_secret("lbk_")
    assert first != second
    assert first.startswith("lbk_")
    assert len(first.removeprefix("lbk_")) == 43  # 32 bytes in base64url


def test_the_hash_is_sha256():
    assert secret_hash("secret") == hashlib.sha256(b"secret").digest()
