"""Runs the users service."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.

from services.kernel.server import Kernel, ServiceDefinition, run
from services.users.adapters import Passwords, TokenSigner
from services.users.config import UsersSettings
from services.users.reactions import make_reactions
from services.users.service.accounts import AccountService
from services.users.service.api_keys import ApiKeyService
from services.users.service.purchases import PurchaseService
from services.users.service.sessions import SessionService
from services.users.service.sign_in import SignInService
from services.users.servicer.auth import AuthServicer
from services.users.servicer.users import UserServicer


async def build(kernel: Kernel) -> ServiceDefinition:
    settings = UsersSettings.read(kernel.environment)
    database, outbox, clock = kernel.database, kernel.outbox, kernel.clock
    passwords, signer = Passwords(), TokenSigner(settings.token_key)
    accounts = AccountService(database, outbox, clock, passwords)
    sessions = SessionService(database, outbox, clock, signer)
    sign_in = SignInService(database, clock, accounts, sessions, passwords, settings.bot_token)
    api_keys = ApiKeyService(database, clock, signer)
    purchases = PurchaseService(database)
    users = UserServicer(kernel.idempotency, accounts, purchases, settings.zone)
    auth = AuthServicer(sign_in, sessions, api_keys, signer)
    await accounts.make_first_admin(settings.admin_password)
    kernel.meter.add_gauge("users.active", "1", accounts.count_active_users)
    return ServiceDefinition(services=[users, auth], reactions=make_reactions(purchases))


if __name__ == "__main__":
    run("users", build)
