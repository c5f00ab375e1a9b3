"""UserService."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import grpc
from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2, users_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.messages import PageRequest, parse_uuid_name, read_timestamp, timestamp
from services.kernel.rpc.field_masks import masked_fields
from services.kernel.rpc.idempotency import IdempotencyStore
from services.users.domain.accounts import (
    ACTIVE,
    SUSPENDED,
    NewUser,
    TelegramProfile,
    UserChanges,
    UserFilter,
)
from services.users.service.accounts import AccountService
from services.users.service.purchases import PurchaseService
from services.users.servicer.messages import (
    page_by_time,
    purchase_message,
    time_cursor,
    user_message,
)

UPDATABLE = frozenset({"display_name", "roles", "language_code", "state"})
EPOCH = datetime.fromtimestamp(0, UTC)
STATES = {users_pb2.User.ACTIVE: ACTIVE, users_pb2.User.SUSPENDED: SUSPENDED}

Context = grpc.aio.ServicerContext[Any, Any]


class UserServicer(users_pb2_grpc.UserServiceServicer):
    """Serves accounts and purchases. Days of the statistics begin at midnight in `zone`."""

    def __init__(
        self,
        idempotency: IdempotencyStore,
        accounts: AccountService,
        purchases: PurchaseService,
        zone: ZoneInfo,
    ) -> None:
        self._idempotency = idempotency
        self._accounts = accounts
        self._purchases = purchases
        self._zone = zone

    async def GetUser(self, request: users_pb2.GetUserRequest, context: Context) -> users_pb2.User:
        return user_message(await self._accounts.get_user(parse_uuid_name(request.name, "users")))

    async def ListUsers(
        self, request: users_pb2.ListUsersRequest, context: Context
    ) -> users_pb2.ListUsersResponse:
        page = page_by_time(request)
        found = await self._accounts.list_users(read_filter(request), page.cursor, page.limit)
        users, token = page.split_page(found, time_cursor)
        return users_pb2.ListUsersResponse(users=map(user_message, users), next_page_token=token)

    async def CreateUser(
        self, request: users_pb2.CreateUserRequest, context: Context
    ) -> users_pb2.User:
        user = await self._accounts.prepare_user(read_new_user(request))

        async def create(connection: AsyncConnection) -> users_pb2.User:
            await self._accounts.create_user(connection, user)
            return user_message(user)

        return await self._idempotency.run_once(request, users_pb2.User, create)

    async def UpdateUser(
        self, request: users_pb2.UpdateUserRequest, context: Context
    ) -> users_pb2.User:
        fields = masked_fields(request.update_mask, request.user, UPDATABLE)
        changes = read_changes(request.user, fields)
        user_id = parse_uuid_name(request.user.name, "users")
        return user_message(await self._accounts.update_user(user_id, changes, request.user.etag))

    async def DeleteUser(
        self, request: users_pb2.DeleteUserRequest, context: Context
    ) -> users_pb2.User:
        return user_message(
            await self._accounts.delete_user(parse_uuid_name(request.name, "users"))
        )

    async def UndeleteUser(
        self, request: users_pb2.UndeleteUserRequest, context: Context
    ) -> users_pb2.User:
        return user_message(
            await self._accounts.undelete_user(parse_uuid_name(request.name, "users"))
        )

    async def ListUserPurchases(
        self, request: users_pb2.ListUserPurchasesRequest, context: Context
    ) -> users_pb2.ListUserPurchasesResponse:
        user_id = parse_uuid_name(request.parent, "users", "parent")
        page = PageRequest(request, str)
        after = page.cursor[0] if page.cursor else ""
        found = await self._purchases.list_purchases(user_id, after, page.limit)
        purchases, token = page.split_page(found, lambda last: [last.currency])
        return users_pb2.ListUserPurchasesResponse(
            purchases=map(purchase_message, purchases), next_page_token=token
        )

    async def GetUserStats(
        self, request: users_pb2.GetUserStatsRequest, context: Context
    ) -> users_pb2.UserStats:
        counts, time = await self._accounts.count_users(self._zone)
        return users_pb2.UserStats(
            total_count=counts.total,
            active_5m_count=counts.active_5m,
            active_24h_count=counts.active_24h,
            new_today_count=counts.new_today,
            time_zone=self._zone.key,
            measure_time=timestamp(time),
        )

    async def RecordTelegramUser(
        self, request: users_pb2.RecordTelegramUserRequest, context: Context
    ) -> users_pb2.RecordTelegramUserResponse:
        seen = read_timestamp(request, "seen_time") or EPOCH
        user, created = await self._accounts.record_telegram_user(read_profile(request), seen)
        return users_pb2.RecordTelegramUserResponse(user=user_message(user), created=created)


def read_filter(request: users_pb2.ListUsersRequest) -> UserFilter:
    return UserFilter(
        query=request.query,
        role=policy_pb2.Role.Name(request.role) if request.role else "",
        state=STATES.get(request.state, ""),
        deleted=request.state == users_pb2.User.DELETED,
        show_deleted=request.show_deleted,
    )


def read_new_user(request: users_pb2.CreateUserRequest) -> NewUser:
    user = request.user
    return NewUser(
        login=user.login,
        password=request.password,
        display_name=user.display_name,
        roles=[policy_pb2.Role.Name(role) for role in user.roles] or ["USER"],
        telegram_id=user.telegram_id or None,
        telegram_username=user.telegram_username,
        language_code=user.language_code,
    )


def read_changes(user: users_pb2.User, fields: Collection[str]) -> UserChanges:
    """Return the values of `fields`. A state that cannot be set becomes the empty string."""
    changes: UserChanges = {}
    if "display_name" in fields:
        changes["display_name"] = user.display_name
    if "roles" in fields:
        changes["roles"] = [policy_pb2.Role.Name(role) for role in user.roles]
    if "language_code" in fields:
        changes["language_code"] = user.language_code
    if "state" in fields:
        changes["state"] = STATES.get(user.state, "")
    return changes


def read_profile(request: users_pb2.RecordTelegramUserRequest) -> TelegramProfile:
    return TelegramProfile(
        telegram_id=request.telegram_id,
        display_name=request.display_name,
        telegram_username=request.telegram_username,
        language_code=request.language_code,
    )
