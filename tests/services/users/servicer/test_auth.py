from base64 import urlsafe_b64decode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2
from sqlalchemy import text

from tests.services.helpers import BOT_TOKEN, PASSWORD, refused
from tests.services.users.requests import bearer, init_data


async def test_first_admin_signs_in(auth, admin):
    assert admin.user.login == "admin"
    assert list(admin.user.roles) == [policy_pb2.ADMIN]
    keys = await auth.GetJsonWebKeySet(users_pb2.GetJsonWebKeySetRequest())
    public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(keys.keys[0].x + "="))
    claims = jwt.decode(admin.access_token, public, algorithms=["EdDSA"], issuer="libral")
    assert claims["sub"] == admin.user.name
    assert claims["roles"] == ["ADMIN"]


async def test_password_is_not_kept(service, admin):
    async with service.kernel.database.reading() as connection:
        row = (await connection.execute(text("SELECT * FROM users.users"))).one()
    assert row.password_hash.startswith("$argon2id$")
    assert PASSWORD not in str(row)


async def test_wrong_credentials_look_alike(auth, admin):
    for login, password in (("admin", "wrong"), ("nobody", PASSWORD)):
        with refused("UNAUTHENTICATED", "CREDENTIALS_INVALID"):
            await auth.Login(users_pb2.LoginRequest(login=login, password=password))


async def test_guessing_is_stopped(auth, admin):
    request = users_pb2.LoginRequest(login="victim", password="guess")
    for _ in range(10):
        with refused("UNAUTHENTICATED"):
            await auth.Login(request)
    with refused("RESOURCE_EXHAUSTED", "TOO_MANY_ATTEMPTS"):
        await auth.Login(request)
    await auth.Login(users_pb2.LoginRequest(login="admin", password=PASSWORD))


async def test_refresh_token_works_once(auth, admin):
    renewed = await auth.RefreshToken(
        users_pb2.RefreshTokenRequest(refresh_token=admin.refresh_token)
    )
    assert renewed.refresh_token != admin.refresh_token
    for token in (admin.refresh_token, renewed.refresh_token):
        with refused("UNAUTHENTICATED", "SESSION_OVER"):
            await auth.RefreshToken(users_pb2.RefreshTokenRequest(refresh_token=token))


async def test_logout_ends_the_session(auth, admin):
    await auth.Logout(users_pb2.LogoutRequest(refresh_token=admin.refresh_token))
    with refused("UNAUTHENTICATED", "SESSION_OVER"):
        await auth.RefreshToken(users_pb2.RefreshTokenRequest(refresh_token=admin.refresh_token))


async def test_api_key_is_exchanged(auth, admin):
    wanted = users_pb2.ApiKey(display_name="会計", scopes=["payments.read"])
    key = await auth.CreateApiKey(
        users_pb2.CreateApiKeyRequest(api_key=wanted), metadata=bearer(admin)
    )
    assert key.secret.startswith("lbk_")
    request = users_pb2.ExchangeApiKeyRequest(secret=key.secret)
    pair = await auth.ExchangeApiKey(request)
    claims = jwt.decode(pair.access_token, options={"verify_signature": False})
    assert claims["scopes"] == ["payments.read"]
    listed = await auth.ListApiKeys(users_pb2.ListApiKeysRequest(), metadata=bearer(admin))
    assert [one.secret for one in listed.api_keys] == [""]
    await auth.DeleteApiKey(users_pb2.DeleteApiKeyRequest(name=key.name), metadata=bearer(admin))
    with refused("UNAUTHENTICATED", "API_KEY_INVALID"):
        await auth.ExchangeApiKey(request)


async def test_mini_app_signs_in(auth):
    pair = await auth.LoginWithTelegram(
        users_pb2.LoginWithTelegramRequest(init_data=init_data(BOT_TOKEN))
    )
    assert pair.user.telegram_id == 42
    assert list(pair.user.roles) == [policy_pb2.USER]


@pytest.mark.parametrize(
    "data", ["", "hash=0", init_data("other:token"), init_data(BOT_TOKEN, age=400)]
)
async def test_forged_or_old_init_data_is_refused(auth, data):
    with refused("UNAUTHENTICATED", "INIT_DATA_INVALID"):
        await auth.LoginWithTelegram(users_pb2.LoginWithTelegramRequest(init_data=data))
