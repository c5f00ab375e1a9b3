import asyncio
from uuid import uuid4

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2

from tests.services.helpers import refused
from tests.services.users.requests import bearer, create, published, seen


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


async def test_every_bad_field_is_named(users, service):
    before = await published(service)
    request = create("X", language_code="?")
    request.password = "short"
    with refused("INVALID_ARGUMENT", fields=["user.login", "user.language_code", "password"]):
        await users.CreateUser(request)
    wanted = users_pb2.User(name=f"users/{uuid4()}")
    with refused("INVALID_ARGUMENT", fields=["update_mask", "update_mask"]):
        mask = FieldMask(paths=["login", "nothing"])
        await users.UpdateUser(users_pb2.UpdateUserRequest(user=wanted, update_mask=mask))
    assert await published(service) == before


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


async def test_telegram_user_is_registered_once(users, service):
    answers = await asyncio.gather(*(users.RecordTelegramUser(seen(42)) for _ in range(8)))
    assert sum(answer.created for answer in answers) == 1
    assert len({answer.user.name for answer in answers}) == 1
    assert (await published(service)).count("user.registered") == 1


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
