"""Use cases of accounts: create, read, update, delete, and record Telegram users."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.common.settings import SettingsError
from services.kernel.calls import set_audit_subject
from services.kernel.clock import Clock, new_id
from services.kernel.database.database import Database
from services.kernel.errors import AbortedError, AlreadyExistsError, NotFoundError, invalid
from services.kernel.events.event import Category, NewEvent
from services.kernel.events.outbox import Outbox
from services.users.adapters import Passwords
from services.users.domain import accounts
from services.users.domain.accounts import (
    ACTIVE,
    ADMIN,
    DISPLAY_NAME_MAX,
    SUSPENDED,
    NewUser,
    TelegramProfile,
    User,
    UserChanges,
    UserCounts,
    UserFilter,
)
from services.users.domain.credentials import password_violations
from services.users.storage import accounts as storage
from services.users.storage.sessions import delete_sessions

ADMIN_LOGIN = "admin"
ADMIN_DISPLAY_NAME = "管理者"


class AccountService:
    """Accounts of customers and operators. There is always an admin."""

    def __init__(
        self, database: Database, outbox: Outbox, clock: Clock, passwords: Passwords
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._passwords = passwords

    async def get_user(self, user_id: UUID) -> User:
        """Return an account, also a deleted one.

        Raises:
            NotFoundError: There is no such account.
        """
        user = await storage.read_user(self._database, user_id)
        if user is None:
            raise user_not_found(user_id)
        return user

    async def list_users(
        self, wanted: UserFilter, before: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[User]:
        """Return at most `limit` users, the newest first, from after `before`."""
        async with self._database.reading() as connection:
            return await storage.list_users(connection, wanted, before, limit)

    async def count_users(self, zone: ZoneInfo) -> tuple[UserCounts, datetime]:
        """Return the counts of users and their time. Days begin at midnight in `zone`."""
        now = self._clock.now()
        today = accounts.start_of_today(now, zone)
        async with self._database.reading() as connection:
            return await storage.count_users(connection, now, today), now

    async def count_active_users(self) -> float:
        """Return the number of users seen in the last 5 minutes."""
        now = self._clock.now()
        async with self._database.reading() as connection:
            return (await storage.count_users(connection, now, now)).active_5m

    async def prepare_user(self, new: NewUser) -> User:
        """Return the account to pass to `create_user`. Hash its password outside of a transaction.

        Raises:
            InvalidArgumentError: With every field that breaks a rule.
        """
        accounts.check_new_user(new)
        user = self._new_account(new)
        if not new.password:
            return user
        return replace(user, password_hash=await self._passwords.hash_password(new.password))

    async def create_user(self, connection: AsyncConnection, user: User) -> None:
        """Insert an account.

        Raises:
            AlreadyExistsError: Another account has its login or Telegram id.
        """
        set_audit_subject(user.name)
        await storage.insert_user(connection, user)
        await self._publish(connection, "user.created", user)

    async def make_first_admin(self, password: str) -> None:
        """Create the user `admin` if there is no admin.

        Raises:
            SettingsError: There is no admin, and LIBRAL_ADMIN_PASSWORD is unset or invalid.
        """
        async with self._database.transaction() as connection:
            await storage.lock_admins(connection)
            if await storage.count_admins(connection):
                return
            if password_violations(password, "LIBRAL_ADMIN_PASSWORD"):
                raise SettingsError("LIBRAL_ADMIN_PASSWORD must be set, to 12 to 128 characters.")
            user = await self.prepare_user(
                NewUser(
                    login=ADMIN_LOGIN,
                    password=password,
                    display_name=ADMIN_DISPLAY_NAME,
                    roles=[ADMIN],
                )
            )
            await storage.insert_user(connection, user)
            data = {"login": ADMIN_LOGIN}
            event = NewEvent("user.created", Category.USER, subject=user.name, data=data)
            await self._outbox.publish(connection, event)

    async def update_user(self, user_id: UUID, changes: UserChanges, etag: str = "") -> User:
        """Change an account. With an `etag`, change it only if the etag is current.

        Raises:
            InvalidArgumentError: With every field that breaks a rule.
            NotFoundError: There is no such account.
            AbortedError: `etag` is not current.
            FailedPreconditionError: The last admin would lose the role or be suspended.
        """
        accounts.check_changes(changes)
        async with self._database.transaction() as connection:
            user = await self._lock(connection, user_id)
            if etag and etag != user.etag:
                raise AbortedError("ETAG_MISMATCH", "The user was changed concurrently.")
            await self._keep_an_admin(connection, user, changes)
            if changes.get("state") == SUSPENDED:
                await delete_sessions(connection, user_id=user.id)
            user = await storage.update_user(connection, user, self._clock.now(), **changes)
            await self._publish(connection, "user.updated", user, {"fields": sorted(changes)})
        return user

    async def delete_user(self, user_id: UUID) -> User:
        """Mark an account as deleted, and end its sessions.

        Raises:
            NotFoundError: There is no such account, or it is deleted.
            FailedPreconditionError: The account is the last admin.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            user = await self._lock(connection, user_id)
            if user.delete_time is not None:
                raise user_not_found(user_id)
            await self._keep_an_admin(connection, user, {"state": SUSPENDED})
            await delete_sessions(connection, user_id=user.id)
            user = await storage.update_user(connection, user, now, delete_time=now)
            await self._publish(connection, "user.deleted", user)
        return user

    async def undelete_user(self, user_id: UUID) -> User:
        """Restore a deleted account.

        Raises:
            NotFoundError: There is no such account.
            AlreadyExistsError: It is not deleted, or another account has its login.
        """
        async with self._database.transaction() as connection:
            user = await self._lock(connection, user_id)
            if user.delete_time is None:
                raise AlreadyExistsError("USER_NOT_DELETED", "The user is not deleted.")
            if user.login and await storage.find_login(connection, user.login):
                raise AlreadyExistsError("USER_EXISTS", "Another user has this login.")
            user = await storage.update_user(connection, user, self._clock.now(), delete_time=None)
            fields = {"fields": ["delete_time"]}
            await self._publish(connection, "user.updated", user, fields)
        return user

    async def record_telegram_user(
        self, profile: TelegramProfile, seen: datetime
    ) -> tuple[User, bool]:
        """Run `upsert_telegram_user` in a new transaction."""
        async with self._database.transaction() as connection:
            return await self.upsert_telegram_user(connection, profile, seen)

    async def upsert_telegram_user(
        self, connection: AsyncConnection, profile: TelegramProfile, seen: datetime
    ) -> tuple[User, bool]:
        """Create or update the account of a Telegram user. Return it, and True if it was created.

        Raises:
            InvalidArgumentError: The Telegram id is not above 0.
        """
        if profile.telegram_id <= 0:
            raise invalid("telegram_id", "It must be above 0.")
        candidate = self._new_account(
            NewUser(
                display_name=profile.display_name[:DISPLAY_NAME_MAX],
                telegram_id=profile.telegram_id,
                telegram_username=profile.telegram_username,
                language_code=profile.language_code,
            )
        )
        user, created = await storage.upsert_telegram_user(
            connection, replace(candidate, last_seen_time=seen)
        )
        if created:
            data = {"telegramId": str(user.telegram_id)}
            await self._publish(connection, "user.registered", user, data)
        return user, created

    def _new_account(self, new: NewUser) -> User:
        """Return an active account with a new id and no password."""
        now = self._clock.now()
        return User(
            id=new_id(self._clock),
            login=new.login or None,
            password_hash=None,
            display_name=new.display_name,
            roles=list(new.roles),
            state=ACTIVE,
            telegram_id=new.telegram_id,
            telegram_username=new.telegram_username,
            language_code=new.language_code,
            create_time=now,
            update_time=now,
            delete_time=None,
            last_seen_time=None,
            version=1,
        )

    async def _lock(self, connection: AsyncConnection, user_id: UUID) -> User:
        user = await storage.find_user(connection, user_id, lock=True)
        if user is None:
            raise user_not_found(user_id)
        return user

    async def _keep_an_admin(
        self, connection: AsyncConnection, user: User, changes: UserChanges
    ) -> None:
        """Raise FailedPreconditionError if the changes would leave no admin."""
        if accounts.loses_admin(user, changes):
            await storage.lock_admins(connection)
            if await storage.count_admins(connection) <= 1:
                raise accounts.last_admin()

    async def _publish(
        self,
        connection: AsyncConnection,
        event_type: str,
        user: User,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        shown = {"displayName": user.display_name, "state": user.public_state, **(data or {})}
        event = NewEvent(event_type, Category.USER, subject=user.name, data=shown)
        await self._outbox.publish(connection, event)


def user_not_found(user_id: UUID) -> NotFoundError:
    return NotFoundError("user", accounts.user_name(user_id))
