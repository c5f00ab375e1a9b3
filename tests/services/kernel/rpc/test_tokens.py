"""Tokens of users and services identify callers, and others are refused."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.common.settings import SettingsError
from services.kernel.errors import UnauthenticatedError
from services.kernel.rpc.tokens import ServiceTokens, TokenVerifier, load_key

MESH, USERS, FORGER = (Ed25519PrivateKey.generate() for _ in range(3))


class Keys:
    """Publishes the key of users' tokens, and counts the fetches."""

    def __init__(self) -> None:
        self.fetched = 0

    async def fetch_keys(self):
        self.fetched += 1
        return {"current": USERS.public_key()}


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def verifier(keys: Keys) -> TokenVerifier:
    return TokenVerifier(MESH.public_key(), keys.fetch_keys)


def sign(key=USERS, key_id="current", **changes) -> str:
    claims = {"iss": "libral", "sub": "users/1", "roles": ["ADMIN"], "exp": int(time.time()) + 60}
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, key, "EdDSA", headers={"kid": key_id})


async def test_a_users_token_identifies_the_caller(verifier, keys):
    for _ in range(3):
        caller = await verifier.identify_caller(sign())
        assert (caller.subject, caller.roles) == ("users/1", {"ADMIN"})
    assert keys.fetched == 1


async def test_a_services_token_needs_no_users_service(verifier, keys):
    caller = await verifier.identify_caller(ServiceTokens("payments", MESH).current_token())
    assert (caller.subject, caller.roles, keys.fetched) == ("services/payments", {"SERVICE"}, 0)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "TOKEN_INVALID"),
        ("nonsense", "TOKEN_INVALID"),
        (sign(FORGER), "TOKEN_INVALID"),
        (sign(key_id="unknown"), "TOKEN_INVALID"),
        (sign(sub=None), "TOKEN_INVALID"),
        (sign(exp=None), "TOKEN_INVALID"),
        (sign(iss="libral-mesh"), "TOKEN_INVALID"),
        (sign(exp=int(time.time()) - 60), "TOKEN_EXPIRED"),
        (jwt.encode({"iss": "libral", "sub": "users/1"}, "", "none"), "TOKEN_INVALID"),
        (jwt.encode({"iss": "libral"}, "k" * 32, "HS256"), "TOKEN_INVALID"),
        (sign()[:-4] + "AAAA", "TOKEN_INVALID"),
    ],
)
async def test_other_tokens_are_refused(verifier, token, reason):
    with pytest.raises(UnauthenticatedError) as refused:
        await verifier.identify_caller(token)
    assert refused.value.reason == reason


async def test_unknown_keys_are_fetched_once(verifier, keys):
    for number in range(20):
        with pytest.raises(UnauthenticatedError):
            await verifier.identify_caller(sign(key_id=f"unknown-{number}"))
    assert keys.fetched == 1


def test_a_broken_key_names_its_variable():
    with pytest.raises(SettingsError, match="LIBRAL_MESH_KEY"):
        load_key("LIBRAL_MESH_KEY", b"no key")
