"""The users service, running, with its first admin."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from libral.users.v1 import users_pb2, users_pb2_grpc

from deploy.local.home import free_port
from services.kernel.clock import FixedClock
from services.kernel.database.database import Database
from services.users.__main__ import build
from services.users.adapters import Passwords, TokenSigner
from services.users.domain.accounts import NewUser, TelegramProfile, User
from services.users.domain.sessions import SignedIn
from services.users.service.accounts import AccountService
from services.users.service.api_keys import ApiKeyService
from services.users.service.purchases import PurchaseService
from services.users.service.sessions import SessionService
from services.users.service.sign_in import SignInService
from tests.services.helpers import BOT_TOKEN, PASSWORD


@pytest.fixture
async def service(mesh, users_environment):
    port = free_port(set())
    target = f"127.0.0.1:{port}"
    return await mesh.start("users", build, users_environment, listen=target, users_target=target)


@pytest.fixture
def users(mesh, service):
    return users_pb2_grpc.UserServiceStub(mesh.channel(service))


@pytest.fixture
def auth(mesh, service):
    """AuthService, and UserService's DeleteUser, for a caller with its own token or without one."""
    channel = mesh.anonymous_channel(service)
    stub = users_pb2_grpc.AuthServiceStub(channel)
    stub.delete_user = users_pb2_grpc.UserServiceStub(channel).DeleteUser
    return stub


@pytest.fixture
async def admin(auth) -> users_pb2.TokenPair:
    return await auth.Login(users_pb2.LoginRequest(login="admin", password=PASSWORD))


@dataclass(frozen=True)
class UseCases:
    """The use cases, with a clock that tests move, on the database of the running service."""

    database: Database
    clock: FixedClock
    accounts: AccountService
    sessions: SessionService
    sign_in: SignInService
    api_keys: ApiKeyService
    purchases: PurchaseService

    async def create_user(self, login: str, **fields) -> User:
        """Create an account with the password `PASSWORD`."""
        user = await self.accounts.prepare_user(NewUser(login=login, password=PASSWORD, **fields))
        async with self.database.transaction() as connection:
            await self.accounts.create_user(connection, user)
        return user

    async def record_telegram_user(self, telegram_id: int, display_name: str = "") -> User:
        profile = TelegramProfile(telegram_id, display_name)
        user, _ = await self.accounts.record_telegram_user(profile, self.clock.now())
        return user

    async def open_session(self, user: User) -> SignedIn:
        async with self.database.transaction() as connection:
            return await self.sessions.open_session(connection, user, self.clock.now())


@pytest.fixture
def use_cases(service) -> UseCases:
    database, outbox = service.kernel.database, service.kernel.outbox
    clock, passwords = FixedClock(datetime.now(UTC)), Passwords()
    signer = TokenSigner(Ed25519PrivateKey.generate())
    accounts = AccountService(database, outbox, clock, passwords)
    sessions = SessionService(database, outbox, clock, signer)
    return UseCases(
        database,
        clock,
        accounts,
        sessions,
        SignInService(database, clock, accounts, sessions, passwords, BOT_TOKEN),
        ApiKeyService(database, clock, signer),
        PurchaseService(database),
    )
