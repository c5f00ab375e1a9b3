"""AuthService."""

from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from libral.users.v1 import users_pb2, users_pb2_grpc

from services.kernel.calls import current_call
from services.kernel.messages import parse_uuid_name, read_timestamp
from services.users.adapters import TokenSigner
from services.users.domain.accounts import ADMIN
from services.users.service.api_keys import ApiKeyService
from services.users.service.sessions import SessionService
from services.users.service.sign_in import SignInService
from services.users.servicer.messages import (
    access_message,
    api_key_message,
    key_set_message,
    page_by_time,
    pair_message,
    session_message,
    time_cursor,
)

Context = grpc.aio.ServicerContext[Any, Any]


class AuthServicer(users_pb2_grpc.AuthServiceServicer):
    """Serves sign-in, sessions and API keys."""

    def __init__(
        self,
        sign_in: SignInService,
        sessions: SessionService,
        api_keys: ApiKeyService,
        signer: TokenSigner,
    ) -> None:
        self._sign_in = sign_in
        self._sessions = sessions
        self._api_keys = api_keys
        self._signer = signer

    async def Login(self, request: users_pb2.LoginRequest, context: Context) -> users_pb2.TokenPair:
        return pair_message(await self._sign_in.with_password(request.login, request.password))

    async def LoginWithTelegram(
        self, request: users_pb2.LoginWithTelegramRequest, context: Context
    ) -> users_pb2.TokenPair:
        return pair_message(await self._sign_in.with_telegram(request.init_data))

    async def RefreshToken(
        self, request: users_pb2.RefreshTokenRequest, context: Context
    ) -> users_pb2.TokenPair:
        return pair_message(await self._sessions.renew_session(request.refresh_token))

    async def Logout(self, request: users_pb2.LogoutRequest, context: Context) -> Empty:
        await self._sessions.log_out(request.refresh_token)
        return Empty()

    async def GetJsonWebKeySet(
        self, request: users_pb2.GetJsonWebKeySetRequest, context: Context
    ) -> users_pb2.JsonWebKeySet:
        return key_set_message(self._signer.public, self._signer.key_id)

    async def ListSessions(
        self, request: users_pb2.ListSessionsRequest, context: Context
    ) -> users_pb2.ListSessionsResponse:
        caller = current_call().caller
        owner = None if caller.has_role(ADMIN) else parse_uuid_name(caller.subject, "users")
        page = page_by_time(request)
        found = await self._sessions.list_sessions(owner, page.cursor, page.limit)
        sessions, token = page.split_page(found, time_cursor)
        return users_pb2.ListSessionsResponse(
            sessions=[session_message(one, caller.session) for one in sessions],
            next_page_token=token,
        )

    async def DeleteSession(
        self, request: users_pb2.DeleteSessionRequest, context: Context
    ) -> Empty:
        session_id = parse_uuid_name(request.name, "sessions")
        await self._sessions.delete_session(session_id, current_call().caller)
        return Empty()

    async def CreateApiKey(
        self, request: users_pb2.CreateApiKeyRequest, context: Context
    ) -> users_pb2.ApiKey:
        wanted = request.api_key
        expire = read_timestamp(wanted, "expire_time")
        key, secret = await self._api_keys.create_key(wanted.display_name, wanted.scopes, expire)
        return api_key_message(key, secret)

    async def ListApiKeys(
        self, request: users_pb2.ListApiKeysRequest, context: Context
    ) -> users_pb2.ListApiKeysResponse:
        page = page_by_time(request)
        found = await self._api_keys.list_keys(page.cursor, page.limit)
        keys, token = page.split_page(found, time_cursor)
        return users_pb2.ListApiKeysResponse(
            api_keys=map(api_key_message, keys), next_page_token=token
        )

    async def DeleteApiKey(self, request: users_pb2.DeleteApiKeyRequest, context: Context) -> Empty:
        await self._api_keys.delete_key(parse_uuid_name(request.name, "apiKeys"))
        return Empty()

    async def ExchangeApiKey(
        self, request: users_pb2.ExchangeApiKeyRequest, context: Context
    ) -> users_pb2.TokenPair:
        return access_message(await self._api_keys.exchange_key(request.secret))
