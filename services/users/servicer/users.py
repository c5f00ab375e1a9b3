"""UserService."""

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import grpc
from libral.policy.v1 import policy_pb2
from libral.users.v1 import users_pb2, users_pb2_grpc
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.calls import audit_subject
from services.kernel.clock import new_id
from services.kernel.errors import (
    AbortedError,
    AlreadyExistsError,
    FieldViolation,
    InvalidArgumentError,
    NotFoundError,
    invalid,
)
from services.kernel.events.event import Category, NewEvent
from services.kernel.messages import decode_token, encode_token, page_size
from services.kernel.rpc.field_masks import masked_fields
from services.kernel.server import Kernel
from services.users import domain, storage
from services.users.adapters import Passwords
from services.users.domain import ACTIVE, ADMIN, SUSPENDED, User
from services.users.servicer.messages import (
    next_token,
    parse_name,
    purchase_message,
    stamp,
    state_of,
    time_cursor,
    user_message,
)

UPDATABLE = frozenset({"display_name", "roles", "language_code", "state"})
STATES = {users_pb2.User.ACTIVE: ACTIVE, users_pb2.User.SUSPENDED: SUSPENDED}

Context = grpc.aio.ServicerContext[Any, Any]


class UserServicer(users_pb2_grpc.UserServiceServicer):
    """Serves accounts."""

    def __init__(self, kernel: Kernel, passwords: Passwords, zone: ZoneInfo) -> None:
        self._kernel = kernel
        self._database = kernel.database
        self._passwords = passwords
        self._zone = zone

    async def GetUser(self, request: users_pb2.GetUserRequest, context: Context) -> users_pb2.User:
        user_id = parse_name(request.name, "users")
        user = await storage.read_user(self._database, user_id)
        if user is None:
            raise NotFoundError("user", request.name)
        return user_message(user)

    async def ListUsers(
        self, request: users_pb2.ListUsersRequest, context: Context
    ) -> users_pb2.ListUsersResponse:
        size = page_size(request)
        before = time_cursor(request)
        wanted = storage.Filter(
            query=request.query,
            role=policy_pb2.Role.Name(request.role) if request.role else "",
            state=STATES.get(request.state, ""),
            deleted=request.state == users_pb2.User.DELETED,
            show_deleted=request.show_deleted,
        )
        async with self._database.reading() as connection:
            users = await storage.list_users(connection, wanted, before, size + 1)
        response = users_pb2.ListUsersResponse(users=map(user_message, users[:size]))
        if len(users) > size:
            response.next_page_token = next_token(request, users[size - 1])
        return response

    async def CreateUser(
        self, request: users_pb2.CreateUserRequest, context: Context
    ) -> users_pb2.User:
        roles = [policy_pb2.Role.Name(role) for role in request.user.roles] or ["USER"]
        check_new_user(request, roles)
        hashed = await self._passwords.hash(request.password) if request.password else None
        user = self.new_user(
            login=request.user.login or None,
            password_hash=hashed,
            display_name=request.user.display_name,
            roles=roles,
            telegram_id=request.user.telegram_id or None,
            telegram_username=request.user.telegram_username,
            language_code=request.user.language_code,
        )

        async def work(connection: AsyncConnection) -> users_pb2.User:
            audit_subject(user.name)
            await storage.insert_user(connection, user)
            await self._publish(connection, "user.created", user)
            return user_message(user)

        try:
            return await self._kernel.answers.once(request, users_pb2.User, work)
        except IntegrityError:
            raise AlreadyExistsError(
                "USER_EXISTS",
                "There is a user with this login or Telegram id.",
                localized="同じユーザー名またはTelegram IDのユーザーがすでにいます。",
            ) from None

    async def UpdateUser(
        self, request: users_pb2.UpdateUserRequest, context: Context
    ) -> users_pb2.User:
        wanted = request.user
        fields = masked_fields(request.update_mask, wanted, UPDATABLE)
        values = self._new_values(wanted, fields)
        async with self._database.transaction() as connection:
            user = await self._lock(connection, wanted.name)
            if wanted.etag and wanted.etag != user.etag:
                raise AbortedError("ETAG_MISMATCH", "The user was changed meanwhile.")
            await self._keep_an_admin(connection, user, values)
            if values.get("state") == SUSPENDED:
                await storage.delete_sessions(connection, user_id=user.id)
            user = await storage.update_user(connection, user, self._kernel.clock.now(), **values)
            await self._publish(connection, "user.updated", user, fields=sorted(fields))
        return user_message(user)

    async def DeleteUser(
        self, request: users_pb2.DeleteUserRequest, context: Context
    ) -> users_pb2.User:
        now = self._kernel.clock.now()
        async with self._database.transaction() as connection:
            user = await self._lock(connection, request.name)
            if user.delete_time is not None:
                raise NotFoundError("user", request.name)
            await self._keep_an_admin(connection, user, {"state": SUSPENDED})
            await storage.delete_sessions(connection, user_id=user.id)
            user = await storage.update_user(connection, user, now, delete_time=now)
            await self._publish(connection, "user.deleted", user)
        return user_message(user)

    async def UndeleteUser(
        self, request: users_pb2.UndeleteUserRequest, context: Context
    ) -> users_pb2.User:
        async with self._database.transaction() as connection:
            user = await self._lock(connection, request.name)
            if user.delete_time is None:
                raise AlreadyExistsError("USER_NOT_DELETED", "The user is not deleted.")
            if user.login and await storage.find_login(connection, user.login):
                raise AlreadyExistsError("USER_EXISTS", "Another user has this login by now.")
            user = await storage.update_user(
                connection, user, self._kernel.clock.now(), delete_time=None
            )
            await self._publish(connection, "user.updated", user, fields=["delete_time"])
        return user_message(user)

    async def ListUserPurchases(
        self, request: users_pb2.ListUserPurchasesRequest, context: Context
    ) -> users_pb2.ListUserPurchasesResponse:
        user_id = parse_name(request.parent, "users", "parent")
        size, cursor = page_size(request), decode_token(request, 1)
        after = str(cursor[0]) if cursor else ""
        async with self._database.reading() as connection:
            found = await storage.list_purchases(connection, user_id, after, size + 1)
            if not found and await storage.find_user(connection, user_id) is None:
                raise NotFoundError("user", request.parent)
        response = users_pb2.ListUserPurchasesResponse(
            purchases=map(purchase_message, found[:size])
        )
        if len(found) > size:
            response.next_page_token = encode_token(request, [found[size - 1].currency])
        return response

    async def GetUserStats(
        self, request: users_pb2.GetUserStatsRequest, context: Context
    ) -> users_pb2.UserStats:
        now = self._kernel.clock.now()
        today = domain.start_of_today(now, self._zone)
        async with self._database.reading() as connection:
            counts = await storage.count_users(connection, now, today)
        return users_pb2.UserStats(
            total_count=counts.total,
            active_5m_count=counts.active_5m,
            active_24h_count=counts.active_24h,
            new_today_count=counts.new_today,
            time_zone=self._zone.key,
            measure_time=stamp(now),
        )

    async def RecordTelegramUser(
        self, request: users_pb2.RecordTelegramUserRequest, context: Context
    ) -> users_pb2.RecordTelegramUserResponse:
        async with self._database.transaction() as connection:
            user, created = await self.record(connection, request)
        return users_pb2.RecordTelegramUserResponse(user=user_message(user), created=created)

    async def record(
        self, connection: AsyncConnection, request: users_pb2.RecordTelegramUserRequest
    ) -> tuple[User, bool]:
        """Registers a Telegram user, or brings the one there is up to date. Tells which."""
        if request.telegram_id <= 0:
            raise invalid("telegram_id", "It must be above 0.")
        seen = request.seen_time.ToDatetime(tzinfo=UTC)
        candidate = self.new_user(
            display_name=request.display_name[: domain.DISPLAY_NAME_MAX],
            roles=["USER"],
            telegram_id=request.telegram_id,
            telegram_username=request.telegram_username,
            language_code=request.language_code,
            last_seen_time=seen,
        )
        user, created = await storage.upsert_telegram_user(connection, candidate)
        if created:
            await self._publish(
                connection, "user.registered", user, telegramId=str(user.telegram_id)
            )
        return user, created

    async def active_count(self) -> float:
        """Counts the users seen in the last 5 minutes."""
        now = self._kernel.clock.now()
        async with self._database.reading() as connection:
            return (await storage.count_users(connection, now, now)).active_5m

    def new_user(self, **fields: Any) -> User:
        """Makes an account with `fields`, and nothing else set."""
        now = self._kernel.clock.now()
        defaults: dict[str, Any] = {
            "login": None,
            "password_hash": None,
            "display_name": "",
            "state": ACTIVE,
            "telegram_id": None,
            "telegram_username": "",
            "language_code": "",
            "delete_time": None,
            "last_seen_time": None,
        }
        return User(
            id=new_id(self._kernel.clock),
            create_time=now,
            update_time=now,
            version=1,
            **(defaults | fields),
        )

    async def _lock(self, connection: AsyncConnection, name: str) -> User:
        user = await storage.find_user(connection, parse_name(name, "users"), lock=True)
        if user is None:
            raise NotFoundError("user", name)
        return user

    async def _keep_an_admin(
        self, connection: AsyncConnection, user: User, values: dict[str, Any]
    ) -> None:
        """Refuses to take the last admin away."""
        loses = ADMIN not in values.get("roles", user.roles) or values.get("state") == SUSPENDED
        if ADMIN in user.roles and user.usable and loses:
            await storage.lock_admins(connection)
            if await storage.count_admins(connection) <= 1:
                raise domain.last_admin()

    def _new_values(self, wanted: users_pb2.User, fields: frozenset[str]) -> dict[str, Any]:
        values: dict[str, Any] = {
            "display_name": wanted.display_name,
            "roles": [policy_pb2.Role.Name(role) for role in wanted.roles],
            "language_code": wanted.language_code,
        }
        values = {name: value for name, value in values.items() if name in fields}
        domain.check_profile(**values)
        if "state" in fields:
            if wanted.state not in STATES:
                raise invalid("user.state", "Only ACTIVE and SUSPENDED can be set.")
            values["state"] = STATES[wanted.state]
        return values

    async def _publish(
        self, connection: AsyncConnection, event_type: str, user: User, **data: Any
    ) -> None:
        data = {"displayName": user.display_name, "state": state_name(user), **data}
        event = NewEvent(event_type, Category.USER, subject=user.name, data=data)
        await self._kernel.outbox.publish(connection, event)


def check_new_user(request: users_pb2.CreateUserRequest, roles: list[str]) -> None:
    violations: list[FieldViolation] = []
    try:
        domain.check_profile(
            login=request.user.login,
            display_name=request.user.display_name,
            roles=roles,
            language_code=request.user.language_code,
        )
    except InvalidArgumentError as error:
        violations += error.violations
    if request.password:
        violations += domain.password_violations(request.password, "password")
        if not request.user.login:
            violations += invalid("user.login", "A password needs a login.").violations
    if violations:
        raise InvalidArgumentError(violations)


def state_name(user: User) -> str:
    return users_pb2.User.State.Name(state_of(user))
