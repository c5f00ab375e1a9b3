"""Use cases of sign-in: with a password, and with Telegram."""

from services.kernel.calls import set_audit_subject
from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.users.adapters import Passwords
from services.users.domain import sign_in
from services.users.domain.sessions import SignedIn, session_over
from services.users.service.accounts import AccountService
from services.users.service.sessions import SessionService
from services.users.storage.accounts import find_login


class SignInService:
    """Opens sessions. A login that fails 10 times in a minute is refused."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        accounts: AccountService,
        sessions: SessionService,
        passwords: Passwords,
        bot_token: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._sessions = sessions
        self._passwords = passwords
        self._bot_token = bot_token
        self._failures = sign_in.FailedSignIns()

    async def with_password(self, login: str, password: str) -> SignedIn:
        """Sign in with a login and its password.

        Raises:
            ResourceExhaustedError: The login failed too often in the last minute.
            UnauthenticatedError: No usable account has this login and password.
        """
        now = self._clock.now()
        self._failures.check_limit(login, now)
        async with self._database.reading() as connection:
            user = await find_login(connection, login)
        if user is not None:
            set_audit_subject(user.name)
        hashed = user.password_hash if user is not None else None
        matches = await self._passwords.verify_password(hashed, password)
        if user is None or not matches or not user.usable:
            self._failures.record_failure(login, now)
            raise sign_in.wrong_credentials()
        async with self._database.transaction() as connection:
            return await self._sessions.open_session(connection, user, now)

    async def with_telegram(self, init_data: str) -> SignedIn:
        """Sign in with the init data of a Mini App. Create the account at the first sign-in.

        Raises:
            FailedPreconditionError: No bot is configured.
            UnauthenticatedError: The data is forged or too old, or the account is not usable.
        """
        if not self._bot_token:
            raise sign_in.bot_unconfigured()
        now = self._clock.now()
        fields = sign_in.check_init_data(init_data, self._bot_token, now)
        profile = sign_in.read_profile(fields)
        async with self._database.transaction() as connection:
            user, _ = await self._accounts.upsert_telegram_user(connection, profile, now)
            set_audit_subject(user.name)
            if not user.usable:
                raise session_over()
            return await self._sessions.open_session(connection, user, now)
