"""Tokens and access rules."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.auth.auth import Authenticator
from services.common import tokens as common
from services.common.tokens import KeyRing
from tests.gateway.conftest import Tokens, error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


def reason_of(response) -> str:
    return next(d["reason"] for d in error_of(response)["details"] if "reason" in d)


async def test_admits_the_roles_of_the_rule(http, echo, tokens):
    headers = tokens.bearer("VIEWER", "OPERATOR")
    assert (await http.get("/v1/admin", headers=headers)).status_code == 200
    assert echo.metadata[0]["authorization"] == headers["authorization"]


async def test_admits_the_scope_of_the_rule(http, tokens):
    headers = tokens.bearer(scopes=["items.read"], sub="apiKeys/1")
    assert (await http.get("/v1/scoped", headers=headers)).status_code == 200
    headers = tokens.bearer(scopes=["items.write"], sub="apiKeys/1")
    assert (await http.get("/v1/scoped", headers=headers)).status_code == 403


async def test_refuses_other_roles(http, echo, tokens):
    response = await http.get("/v1/admin", headers=tokens.bearer("VIEWER"))
    assert response.status_code == 403
    error = error_of(response)
    assert error["message"] == "One of these roles is required: ADMIN, OPERATOR."
    assert error["details"][1]["message"] == "この操作を行う権限がありません。"
    assert echo.requests == []


async def test_asks_for_a_token(http, echo):
    response = await http.get("/v1/admin")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert reason_of(response) == "TOKEN_MISSING"
    assert echo.requests == []


def forge(tokens: Tokens) -> dict[str, str]:
    """Return invalid tokens, by their defect."""
    other = Ed25519PrivateKey.generate()
    known = {"iss": "libral", "sub": "users/1", "roles": ["ADMIN"], "exp": time.time() + 60}
    header = {"kid": tokens.key_id}
    without_exp = {name: known[name] for name in ("iss", "sub", "roles")}
    return {
        "another key": jwt.encode(known, other, "EdDSA", headers=header),
        "an unknown key": jwt.encode(known, other, "EdDSA", headers={"kid": "nobody"}),
        "no key id": jwt.encode(known, tokens.key, "EdDSA"),
        "another algorithm": jwt.encode(known, "k" * 64, "HS256", headers=header),
        "no algorithm": jwt.encode(known, None, "none", headers=header),
        "a service token": tokens.sign("ADMIN", iss="libral-mesh"),
        "no expiry": jwt.encode(without_exp, tokens.key, "EdDSA", headers=header),
        "no text": "\u00ff",
        "no token": "x.y.z",
        "too long": "x" * 10_000,
    }


async def test_refuses_forged_tokens(http, echo, tokens):
    for wrong, token in forge(tokens).items():
        headers = {"authorization": f"Bearer {token}".encode("latin-1")}
        response = await http.get("/v1/admin", headers=headers)
        assert response.status_code == 401, wrong
        assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert reason_of(response) == "TOKEN_INVALID", wrong
        assert token not in response.text
    assert echo.requests == []


@pytest.mark.parametrize("value", ["Basic eDp5", "Bearer", "x"])
async def test_refuses_other_schemes(http, value):
    response = await http.get("/v1/admin", headers={"authorization": value})
    assert response.status_code == 401


async def test_takes_the_scheme_in_any_case(http, echo, tokens):
    token = tokens.sign("ADMIN")
    response = await http.get("/v1/admin", headers={"authorization": f"bearer {token}"})
    assert response.status_code == 200
    assert echo.metadata[0]["authorization"] == f"Bearer {token}"


async def test_refuses_expired_tokens(http, tokens):
    headers = tokens.bearer("ADMIN", exp=time.time() - 60)
    response = await http.get("/v1/admin", headers=headers)
    assert response.status_code == 401
    assert reason_of(response) == "TOKEN_EXPIRED"


async def test_a_bad_token_is_not_passed_to_a_public_method(http, echo, tokens):
    headers = tokens.bearer("ADMIN", exp=time.time() - 60)
    assert (await http.get("/v1/echo", headers=headers)).status_code == 200
    assert "authorization" not in echo.metadata[0]
    headers = tokens.bearer("ADMIN")
    assert (await http.get("/v1/echo", headers=headers)).status_code == 200
    assert echo.metadata[1]["authorization"] == headers["authorization"]


def ring_of(tokens: Tokens) -> KeyRing:
    async def fetch():
        return {tokens.key_id: tokens.key.public_key()}

    return KeyRing(fetch)


async def test_remembers_a_bounded_number_of_tokens(tokens, monkeypatch):
    monkeypatch.setattr(common, "CACHED_MAX", 3)
    verifier = Authenticator(ring_of(tokens))
    for number in range(5):
        await verifier.verify(f"Bearer {tokens.sign(sub=f'users/{number}')}")
    assert len(verifier._cache._callers) == 3


async def test_verifies_a_token_once(tokens, monkeypatch):
    verifier = Authenticator(ring_of(tokens))
    token = f"Bearer {tokens.sign('ADMIN')}"
    caller = await verifier.verify(token)
    assert (caller.subject, caller.roles) == ("users/1", {"ADMIN"})
    monkeypatch.setattr(common.jwt, "decode", None)
    assert await verifier.verify(token) is caller
    later = caller.expire
    monkeypatch.setattr(common.time, "time", lambda: later)
    with pytest.raises(TypeError):
        await verifier.verify(token)
