"""AuthService."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp
from libral.users.v1 import users_pb2, users_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.calls import audit_subject, current_call
from services.kernel.clock import new_id
from services.kernel.errors import (
    FailedPreconditionError,
    NotFoundError,
    UnauthenticatedError,
)
from services.kernel.events.event import Category, NewEvent
from services.kernel.messages import page_size
from services.kernel.server import Kernel
from services.users import domain, storage
from services.users.adapters import Passwords, TokenSigner
from services.users.domain import ADMIN, REFRESH_LIFE, User
from services.users.servicer.messages import (
    api_key_message,
    next_token,
    parse_name,
    session_message,
    stamp,
    time_cursor,
    user_message,
)
from services.users.servicer.users import UserServicer
from services.users.storage import ApiKey, Session

KEY_PREFIX = "lbk_"

Context = grpc.aio.ServicerContext[Any, Any]


class AuthServicer(users_pb2_grpc.AuthServiceServicer):
    """Serves sign-in, sessions and API keys."""

    def __init__(
        self,
        kernel: Kernel,
        users: UserServicer,
        passwords: Passwords,
        signer: TokenSigner,
        bot_token: str,
    ) -> None:
        self._kernel = kernel
        self._database = kernel.database
        self._users = users
        self._passwords = passwords
        self._signer = signer
        self._bot_token = bot_token
        self._attempts = domain.Attempts()

    async def Login(self, request: users_pb2.LoginRequest, context: Context) -> users_pb2.TokenPair:
        now = self._kernel.clock.now()
        self._attempts.check(request.login, now)
        async with self._database.reading() as connection:
            user = await storage.find_login(connection, request.login)
        if user is not None:
            audit_subject(user.name)
        hashed = user.password_hash if user is not None else None
        matches = await self._passwords.matches(hashed, request.password)
        if user is None or not matches or not user.usable:
            self._attempts.fail(request.login, now)
            raise domain.wrong_credentials()
        async with self._database.transaction() as connection:
            return await self._open_session(connection, user, now)

    async def LoginWithTelegram(
        self, request: users_pb2.LoginWithTelegramRequest, context: Context
    ) -> users_pb2.TokenPair:
        if not self._bot_token:
            raise FailedPreconditionError(
                "BOT_UNCONFIGURED", "No bot is configured.", localized="ボットが未設定です。"
            )
        now = self._kernel.clock.now()
        fields = domain.check_init_data(request.init_data, self._bot_token, now)
        profile = read_profile(fields)
        seen = Timestamp()
        seen.FromDatetime(now)
        told = users_pb2.RecordTelegramUserRequest(seen_time=seen, **profile)
        async with self._database.transaction() as connection:
            user, _ = await self._users.record(connection, told)
            audit_subject(user.name)
            if not user.usable:
                raise domain.session_over()
            return await self._open_session(connection, user, now)

    async def RefreshToken(
        self, request: users_pb2.RefreshTokenRequest, context: Context
    ) -> users_pb2.TokenPair:
        now = self._kernel.clock.now()
        given = domain.secret_hash(request.refresh_token)
        async with self._database.transaction() as connection:
            session = await storage.find_refresh(connection, given)
            user = session and await storage.find_user(connection, session.user_id)
            live = session and user and user.usable and session.expire_time > now
            if session is not None and (not live or session.refresh_hash != given):
                await self._end(connection, session)
                live = None
            if live and session and user:
                refresh = domain.new_secret()
                expire = now + REFRESH_LIFE
                renewed = domain.secret_hash(refresh)
                await storage.rotate_session(connection, session, renewed, now, expire)
                await storage.touch_user(connection, user.id, now)
                return self._pair(user, session.id, refresh, now, expire)
        raise domain.session_over()

    async def Logout(self, request: users_pb2.LogoutRequest, context: Context) -> Empty:
        given = domain.secret_hash(request.refresh_token)
        async with self._database.transaction() as connection:
            session = await storage.find_refresh(connection, given)
            if session is not None:
                audit_subject(f"sessions/{session.id}", actor=f"users/{session.user_id}")
                await self._end(connection, session)
        return Empty()

    async def GetJsonWebKeySet(
        self, request: users_pb2.GetJsonWebKeySetRequest, context: Context
    ) -> users_pb2.JsonWebKeySet:
        key = users_pb2.JsonWebKey(
            kty="OKP",
            crv="Ed25519",
            x=self._signer.public,
            kid=self._signer.key_id,
            use="sig",
            alg="EdDSA",
        )
        return users_pb2.JsonWebKeySet(keys=[key])

    async def ListSessions(
        self, request: users_pb2.ListSessionsRequest, context: Context
    ) -> users_pb2.ListSessionsResponse:
        caller = current_call().caller
        owner = None if caller.holds(ADMIN) else parse_name(caller.subject, "users")
        size, before = page_size(request), time_cursor(request)
        now = self._kernel.clock.now()
        async with self._database.reading() as connection:
            sessions = await storage.list_sessions(connection, owner, now, before, size + 1)
        response = users_pb2.ListSessionsResponse(
            sessions=[session_message(one, caller.session) for one in sessions[:size]]
        )
        if len(sessions) > size:
            response.next_page_token = next_token(request, sessions[size - 1])
        return response

    async def DeleteSession(
        self, request: users_pb2.DeleteSessionRequest, context: Context
    ) -> Empty:
        session_id = parse_name(request.name, "sessions")
        caller = current_call().caller
        async with self._database.transaction() as connection:
            session = await storage.find_session(connection, session_id)
            own = session is not None and f"users/{session.user_id}" == caller.subject
            if session is None or not (own or caller.holds(ADMIN)):
                raise NotFoundError("session", request.name)
            await self._end(connection, session)
        return Empty()

    async def CreateApiKey(
        self, request: users_pb2.CreateApiKeyRequest, context: Context
    ) -> users_pb2.ApiKey:
        wanted, now = request.api_key, self._kernel.clock.now()
        expire = wanted.expire_time.ToDatetime(UTC) if wanted.HasField("expire_time") else None
        domain.check_api_key(wanted.display_name, wanted.scopes, expire, now)
        secret = domain.new_secret(KEY_PREFIX)
        key = ApiKey(
            id=new_id(self._kernel.clock),
            display_name=wanted.display_name,
            scopes=list(wanted.scopes),
            secret_hash=domain.secret_hash(secret),
            create_time=now,
            expire_time=expire,
            last_use_time=None,
        )
        audit_subject(f"apiKeys/{key.id}")
        async with self._database.transaction() as connection:
            await storage.insert_api_key(connection, key)
        return api_key_message(key, secret)

    async def ListApiKeys(
        self, request: users_pb2.ListApiKeysRequest, context: Context
    ) -> users_pb2.ListApiKeysResponse:
        size, before = page_size(request), time_cursor(request)
        async with self._database.reading() as connection:
            keys = await storage.list_api_keys(connection, before, size + 1)
        response = users_pb2.ListApiKeysResponse(api_keys=map(api_key_message, keys[:size]))
        if len(keys) > size:
            response.next_page_token = next_token(request, keys[size - 1])
        return response

    async def DeleteApiKey(self, request: users_pb2.DeleteApiKeyRequest, context: Context) -> Empty:
        key_id = parse_name(request.name, "apiKeys")
        async with self._database.transaction() as connection:
            if not await storage.delete_api_key(connection, key_id):
                raise NotFoundError("api key", request.name)
        return Empty()

    async def ExchangeApiKey(
        self, request: users_pb2.ExchangeApiKeyRequest, context: Context
    ) -> users_pb2.TokenPair:
        now = self._kernel.clock.now()
        async with self._database.transaction() as connection:
            key = await storage.use_api_key(connection, domain.secret_hash(request.secret), now)
        if key is None:
            raise UnauthenticatedError("API_KEY_INVALID", "The API key is not valid.")
        token, expire = self._signer.sign(f"apiKeys/{key.id}", now, scopes=list(key.scopes))
        return users_pb2.TokenPair(access_token=token, expire_time=stamp(expire))

    async def _open_session(
        self, connection: AsyncConnection, user: User, now: datetime
    ) -> users_pb2.TokenPair:
        audit_subject(user.name, actor=user.name)
        refresh = domain.new_secret()
        session = Session(
            id=new_id(self._kernel.clock),
            user_id=user.id,
            refresh_hash=domain.secret_hash(refresh),
            spent_hash=None,
            create_time=now,
            refresh_time=now,
            expire_time=now + REFRESH_LIFE,
        )
        await storage.insert_session(connection, session)
        await storage.touch_user(connection, user.id, now)
        await self._publish(connection, "session.created", session, display_name=user.display_name)
        return self._pair(user, session.id, refresh, now, session.expire_time)

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
        user = f"users/{session.user_id}"
        named = {"displayName": display_name} if display_name else {}
        event = NewEvent(
            event_type,
            Category.USER,
            subject=user,
            actor=current_call().caller.subject or user,
            data={"session": f"sessions/{session.id}"} | named,
        )
        await self._kernel.outbox.publish(connection, event)

    def _pair(
        self, user: User, session: UUID, refresh: str, now: datetime, expire: datetime
    ) -> users_pb2.TokenPair:
        token, token_expire = self._signer.sign(
            user.name, now, roles=list(user.roles), sid=f"sessions/{session}"
        )
        return users_pb2.TokenPair(
            access_token=token,
            expire_time=stamp(token_expire),
            refresh_token=refresh,
            refresh_expire_time=stamp(expire),
            user=user_message(user),
        )


def read_profile(fields: dict[str, str]) -> dict[str, Any]:
    """Reads `user` of verified init data."""
    try:
        user = json.loads(fields["user"])
        names = (user.get("first_name", ""), user.get("last_name", ""))
        return {
            "telegram_id": int(user["id"]),
            "display_name": " ".join(name for name in names if name),
            "telegram_username": user.get("username", ""),
            "language_code": user.get("language_code", ""),
        }
    except (KeyError, ValueError, TypeError):
        raise UnauthenticatedError("INIT_DATA_INVALID", "The init data names no user.") from None
