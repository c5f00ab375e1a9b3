import asyncio
import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64decode
from urllib.parse import urlencode
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2
from sqlalchemy import text

from tests.services.helpers import BOT_TOKEN, PASSWORD, refused


def create(login: str, **fields) -> users_pb2.CreateUserRequest:
    user = users_pb2.User(login=login, display_name="名前", roles=[policy_pb2.VIEWER], **fields)
    return users_pb2.CreateUserRequest(user=user, password="a long password")


def seen(telegram_id: int, name: str = "太郎") -> users_pb2.RecordTelegramUserRequest:
    request = users_pb2.RecordTelegramUserRequest(telegram_id=telegram_id, display_name=name)
    request.seen_time.GetCurrentTime()
    return request


async def published(room) -> list[str]:
    async with room.kernel.database.reading() as connection:
        rows = await connection.execute(text("SELECT type FROM users.outbox ORDER BY sequence"))
        return [row.type for row in rows if row.type != "audit.call"]


async def test_first_admin_signs_in(auth, admin):
    assert admin.user.login == "admin"
    assert list(admin.user.roles) == [policy_pb2.ADMIN]
    keys = await auth.GetJsonWebKeySet(users_pb2.GetJsonWebKeySetRequest())
    public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(keys.keys[0].x + "="))
    claims = jwt.decode(admin.access_token, public, algorithms=["EdDSA"], issuer="libral")
    assert claims["sub"] == admin.user.name
    assert claims["roles"] == ["ADMIN"]


async def test_password_is_not_kept(room, admin):
    async with room.kernel.database.reading() as connection:
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


async def test_creates_reads_updates(users):
    user = await users.CreateUser(create("taro"))
    assert await users.GetUser(users_pb2.GetUserRequest(name=user.name)) == user
    wanted = users_pb2.User(name=user.name, display_name="次郎", etag=user.etag)
    mask = FieldMask(paths=["display_name"])
    changed = await users.UpdateUser(users_pb2.UpdateUserRequest(user=wanted, update_mask=mask))
    assert changed.display_name == "次郎"
    assert list(changed.roles) == [policy_pb2.VIEWER]
    with refused("ABORTED", "ETAG_MISMATCH"):
        await users.UpdateUser(users_pb2.UpdateUserRequest(user=wanted, update_mask=mask))


async def test_every_bad_field_is_named(users, room):
    before = await published(room)
    request = create("X", language_code="?")
    request.password = "short"
    with refused("INVALID_ARGUMENT", fields=["user.login", "user.language_code", "password"]):
        await users.CreateUser(request)
    wanted = users_pb2.User(name=f"users/{uuid4()}")
    with refused("INVALID_ARGUMENT", fields=["update_mask", "update_mask"]):
        mask = FieldMask(paths=["login", "nothing"])
        await users.UpdateUser(users_pb2.UpdateUserRequest(user=wanted, update_mask=mask))
    assert await published(room) == before


async def test_login_is_unique_and_request_id_repeats(users):
    request = create("taro")
    request.request_id = str(uuid4())
    first = await users.CreateUser(request)
    assert await users.CreateUser(request) == first
    with refused("ALREADY_EXISTS", "USER_EXISTS"):
        await users.CreateUser(create("taro"))
    other = create("jiro")
    other.request_id = request.request_id
    with refused("ALREADY_EXISTS", "REQUEST_ID_REUSED"):
        await users.CreateUser(other)


async def test_last_admin_stays(users, admin):
    wanted = users_pb2.User(name=admin.user.name, roles=[policy_pb2.VIEWER])
    mask = FieldMask(paths=["roles"])
    with refused("FAILED_PRECONDITION", "LAST_ADMIN"):
        await users.UpdateUser(users_pb2.UpdateUserRequest(user=wanted, update_mask=mask))


async def test_telegram_user_is_registered_once(users, room):
    answers = await asyncio.gather(*(users.RecordTelegramUser(seen(42)) for _ in range(8)))
    assert sum(answer.created for answer in answers) == 1
    assert len({answer.user.name for answer in answers}) == 1
    assert (await published(room)).count("user.registered") == 1


async def test_last_seen_never_goes_back(users):
    first = await users.RecordTelegramUser(seen(42))
    old = seen(42, "新しい名前")
    old.seen_time.CopyFrom(Timestamp(seconds=1_700_000_000))
    again = await users.RecordTelegramUser(old)
    assert again.user.last_seen_time == first.user.last_seen_time
    assert again.user.display_name == "新しい名前"


async def test_stats_count_rows(users, admin):
    await users.RecordTelegramUser(seen(42))
    await users.CreateUser(create("taro"))
    stats = await users.GetUserStats(users_pb2.GetUserStatsRequest())
    assert (stats.total_count, stats.active_5m_count, stats.new_today_count) == (3, 2, 3)
    assert stats.time_zone == "Asia/Tokyo"


async def test_lists_by_page_and_filter(users, admin):
    for number in range(4):
        await users.CreateUser(create(f"user{number}"))
    request = users_pb2.ListUsersRequest(page_size=2, role=policy_pb2.VIEWER)
    logins = []
    while True:
        page = await users.ListUsers(request)
        logins += [user.login for user in page.users]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert logins == ["user3", "user2", "user1", "user0"]
    found = await users.ListUsers(users_pb2.ListUsersRequest(query="ser2"))
    assert [user.login for user in found.users] == ["user2"]


def bearer(pair: users_pb2.TokenPair) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {pair.access_token}")]


async def test_deleted_user_is_hidden_and_barred(users, auth, admin):
    user = await users.CreateUser(create("taro"))
    login = users_pb2.LoginRequest(login="taro", password="a long password")
    pair = await auth.Login(login)
    anonymous = users_pb2.DeleteUserRequest(name=user.name)
    with refused("PERMISSION_DENIED"):
        await users.DeleteUser(anonymous)
    as_admin = bearer(admin)
    deleted = await auth.delete_user(anonymous, metadata=as_admin)
    assert deleted.state == users_pb2.User.DELETED
    with refused("UNAUTHENTICATED", "CREDENTIALS_INVALID"):
        await auth.Login(login)
    with refused("UNAUTHENTICATED", "SESSION_OVER"):
        await auth.RefreshToken(users_pb2.RefreshTokenRequest(refresh_token=pair.refresh_token))
    listed = await users.ListUsers(users_pb2.ListUsersRequest(query="taro"))
    assert not listed.users


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


def init_data(token: str, age: int = 0) -> str:
    fields = {
        "auth_date": str(int(time.time()) - age),
        "user": json.dumps({"id": 42, "first_name": "太郎", "username": "taro"}),
    }
    content = "\n".join(f"{key}={fields[key]}" for key in sorted(fields))
    key = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    fields["hash"] = hmac.new(key, content.encode(), hashlib.sha256).hexdigest()
    return urlencode(fields)


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
