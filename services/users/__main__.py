"""Runs the users room."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.


from services.common.settings import SettingsError
from services.kernel.events.event import Category, NewEvent
from services.kernel.server import Kernel, Room, run
from services.users import domain, storage
from services.users.adapters import Passwords, TokenSigner
from services.users.config import UsersSettings
from services.users.domain import ADMIN
from services.users.reactions import REACTIONS
from services.users.servicer import AuthServicer, UserServicer

ADMIN_LOGIN = "admin"


async def build(kernel: Kernel) -> Room:
    settings = UsersSettings.read(kernel.environment)
    passwords = Passwords()
    users = UserServicer(kernel, passwords, settings.zone)
    signer = TokenSigner(settings.token_key)
    auth = AuthServicer(kernel, users, passwords, signer, settings.bot_token)
    await make_first_admin(kernel, users, passwords, settings.admin_password)
    kernel.meter.gauge("users.active", "1", users.active_count)
    return Room(
        services=[users, auth],
        reactions=REACTIONS,
    )


async def make_first_admin(
    kernel: Kernel, users: UserServicer, passwords: Passwords, password: str
) -> None:
    """Makes the user `admin` when nobody is admin.

    Raises:
        SettingsError: A password is needed and none, or a bad one, is set.
    """
    async with kernel.database.transaction() as connection:
        await storage.lock_admins(connection)
        if await storage.count_admins(connection):
            return
        if domain.password_violations(password, "LIBRAL_ADMIN_PASSWORD"):
            raise SettingsError("LIBRAL_ADMIN_PASSWORD must be set, to 12 to 128 characters.")
        user = users.new_user(
            login=ADMIN_LOGIN,
            password_hash=await passwords.hash(password),
            display_name="管理者",
            roles=[ADMIN],
        )
        await storage.insert_user(connection, user)
        event = NewEvent(
            "user.created", Category.USER, subject=user.name, data={"login": user.login}
        )
        await kernel.outbox.publish(connection, event)


if __name__ == "__main__":
    run("users", build)
