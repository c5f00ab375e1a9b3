"""Use cases of sessions: open, renew, end."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.calls import Caller, current_call, set_audit_subject
from services.kernel.clock import Clock, new_id
from services.kernel.database.database import Database
from services.kernel.errors import NotFoundError
from services.kernel.events.event import Category, NewEvent
from services.kernel.events.outbox import Outbox
from services.users.adapters import TokenSigner
from services.users.domain.accounts import ADMIN, User
from services.users.domain.credentials import new_secret, secret_hash
from services.users.domain.sessions import REFRESH_LIFE, Session, SignedIn, session_over
from services.users.storage import accounts as accounts_storage
from services.users.storage import sessions as storage


class SessionService:
    """Manages sessions. A refresh token works once: its second use ends the session."""

    def __init__(
        self, database: Database, outbox: Outbox, clock: Clock, signer: TokenSigner
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._signer = signer

    async def open_session(
        self, connection: AsyncConnection, user: User, now: datetime
    ) -> SignedIn:
        """Open a session for an authenticated user."""
        set_audit_subject(user.name, actor=user.name)
        refresh = new_secret()
        session = Session(
            id=new_id(self._clock),
            user_id=user.id,
            refresh_hash=secret_hash(refresh),
            spent_hash=None,
            create_time=now,
            refresh_time=now,
            expire_time=now + REFRESH_LIFE,
        )
        await storage.insert_session(connection, session)
        await accounts_storage.touch_user(connection, user.id, now)
        await self._publish(connection, "session.created", session, display_name=user.display_name)
        return self._sign_in(user, session, refresh, now)

    async def renew_session(self, refresh_token: str) -> SignedIn:
        """Exchange a refresh token. A spent or expired token ends its session.

        Raises:
            UnauthenticatedError: There is no such session, or it has ended.
        """
        now, given = self._clock.now(), secret_hash(refresh_token)
        async with self._database.transaction() as connection:
            session = await storage.lock_session(connection, given)
            if session is not None:
                user = await accounts_storage.find_user(connection, session.user_id)
                if user is not None and session.accepts_token(given, user, now):
                    return await self._rotate(connection, session, user, now)
                await self._end(connection, session)
        raise session_over()

    async def log_out(self, refresh_token: str) -> None:
        """End the session of a refresh token, if there is one."""
        async with self._database.transaction() as connection:
            session = await storage.lock_session(connection, secret_hash(refresh_token))
            if session is not None:
                set_audit_subject(session.name, actor=session.user)
                await self._end(connection, session)

    async def list_sessions(
        self, owner: UUID | None, before: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[Session]:
        """Return at most `limit` sessions of `owner`, or of all users, the newest first."""
        async with self._database.reading() as connection:
            return await storage.list_sessions(connection, owner, self._clock.now(), before, limit)

    async def delete_session(self, session_id: UUID, caller: Caller) -> None:
        """End a session of the caller, or of any user if the caller is an admin.

        Raises:
            NotFoundError: The caller has no such session.
        """
        async with self._database.transaction() as connection:
            session = await storage.find_session(connection, session_id)
            own = session is not None and session.user == caller.subject
            if session is None or not (own or caller.has_role(ADMIN)):
                raise NotFoundError("session", f"sessions/{session_id}")
            await self._end(connection, session)

    async def _rotate(
        self, connection: AsyncConnection, session: Session, user: User, now: datetime
    ) -> SignedIn:
        refresh = new_secret()
        session = await storage.rotate_session(
            connection, session, secret_hash(refresh), now, now + REFRESH_LIFE
        )
        await accounts_storage.touch_user(connection, user.id, now)
        return self._sign_in(user, session, refresh, now)

    async def _end(self, connection: AsyncConnection, session: Session) -> None:
        await storage.delete_sessions(connection, id=session.id)
        await self._publish(connection, "session.deleted", session)

    async def _publish(
        self,
        connection: AsyncConnection,
        event_type: str,
        session: Session,
        display_name: str = "",
    ) -> None:
        named = {"displayName": display_name} if display_name else {}
        event = NewEvent(
            event_type,
            Category.USER,
            subject=session.user,
            actor=current_call().caller.subject or session.user,
            data={"session": session.name} | named,
        )
        await self._outbox.publish(connection, event)

    def _sign_in(self, user: User, session: Session, refresh: str, now: datetime) -> SignedIn:
        access = self._signer.sign_token(user.name, now, roles=list(user.roles), sid=session.name)
        return SignedIn(user, access, refresh, session.expire_time)
