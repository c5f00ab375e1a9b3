"""Tokens and access rules."""

import asyncio
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.auth import auth
from gateway.auth.auth import Authenticator, KeyRing
from gateway.http.errors import StatusError, unavailable
from tests.gateway.conftest import PACKAGE, RunningGateway, Tokens, error_of

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
    assert error["message"] == "This needs one of the roles ADMIN, OPERATOR."
    assert error["details"][1]["message"] == "この操作を行う権限がありません。"
    assert echo.requests == []


async def test_asks_for_a_token(http, echo):
    response = await http.get("/v1/admin")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert reason_of(response) == "TOKEN_MISSING"
    assert echo.requests == []


def forge(tokens: Tokens) -> dict[str, str]:
    """Tokens that are no good, by what is wrong with them."""
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


def ring(keys: dict, calls: list, *, error: StatusError | None = None) -> KeyRing:
    async def fetch():
        calls.append(1)
        await asyncio.sleep(0)
        if error is not None:
            raise error
        return dict(keys)

    return KeyRing(fetch)


async def test_fetches_keys_once_for_many_and_not_too_often(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(auth.time, "monotonic", lambda: now)
    keys, calls = {"a": object()}, []
    known = ring(keys, calls)
    assert await asyncio.gather(*(known.find("a") for _ in range(10))) == [keys["a"]] * 10
    assert len(calls) == 1
    keys["b"] = object()
    assert await known.find("b") is None
    now += 5
    assert await known.find("b") is keys["b"]
    assert len(calls) == 2


async def test_says_when_the_keys_cannot_be_had(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(auth.time, "monotonic", lambda: now)
    calls = []
    known = ring({}, calls, error=unavailable("users"))
    for _ in range(3):
        with pytest.raises(StatusError) as caught:
            await known.find("a")
        assert caught.value.http == 503
    assert len(calls) == 1
    now += 0.5
    with pytest.raises(StatusError):
        await known.find("a")
    assert len(calls) == 2


async def test_remembers_a_bounded_number_of_tokens(tokens, monkeypatch):
    monkeypatch.setattr(auth, "REMEMBERED_MAX", 3)
    verifier = Authenticator(ring({tokens.key_id: tokens.key.public_key()}, []))
    for number in range(5):
        await verifier.verify(f"Bearer {tokens.sign(sub=f'users/{number}')}")
    assert len(verifier._remembered) == 3


async def test_verifies_a_token_once(tokens, monkeypatch):
    verifier = Authenticator(ring({tokens.key_id: tokens.key.public_key()}, []))
    token = f"Bearer {tokens.sign('ADMIN')}"
    caller = await verifier.verify(token)
    assert (caller.subject, caller.roles) == ("users/1", {"ADMIN"})
    monkeypatch.setattr(auth.jwt, "decode", None)
    assert await verifier.verify(token) is caller
    later = caller.expire
    monkeypatch.setattr(auth.time, "time", lambda: later)
    with pytest.raises(TypeError):
        await verifier.verify(token)


async def test_fetches_the_keys_by_their_well_known_path(contracts, shared_echo, tokens):
    before = tokens.fetched
    async with RunningGateway(contracts, shared_echo.targets) as gateway:
        for number in range(2):
            headers = tokens.bearer("ADMIN", sub=f"users/{number}")
            assert (await gateway.http.get("/v1/admin", headers=headers)).status_code == 200
    assert tokens.fetched == before + 1


async def test_503_while_the_keys_cannot_be_had(contracts, tokens):
    async with RunningGateway(contracts, {PACKAGE: "127.0.0.1:1"}) as gateway:
        response = await gateway.http.get("/v1/admin", headers=tokens.bearer("ADMIN"))
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
