"""Use cases of API keys: create, list, delete, exchange for an access token."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.kernel.calls import set_audit_subject
from services.kernel.clock import Clock, new_id
from services.kernel.database.database import Database
from services.kernel.errors import NotFoundError
from services.users.adapters import TokenSigner
from services.users.domain.api_keys import KEY_PREFIX, ApiKey, check_api_key, invalid_key
from services.users.domain.credentials import new_secret, secret_hash
from services.users.domain.sessions import AccessToken
from services.users.storage import api_keys as storage


class ApiKeyService:
    """Manages API keys. Only the hash of a key's secret is stored."""

    def __init__(self, database: Database, clock: Clock, signer: TokenSigner) -> None:
        self._database = database
        self._clock = clock
        self._signer = signer

    async def create_key(
        self, display_name: str, scopes: Sequence[str], expire_time: datetime | None
    ) -> tuple[ApiKey, str]:
        """Create a key. Return it and its secret, which is not stored.

        Raises:
            InvalidArgumentError: With every field that breaks a rule.
        """
        now = self._clock.now()
        check_api_key(display_name, scopes, expire_time, now)
        secret = new_secret(KEY_PREFIX)
        key = ApiKey(
            id=new_id(self._clock),
            display_name=display_name,
            scopes=list(scopes),
            secret_hash=secret_hash(secret),
            create_time=now,
            expire_time=expire_time,
            last_use_time=None,
        )
        set_audit_subject(key.name)
        async with self._database.transaction() as connection:
            await storage.insert_api_key(connection, key)
        return key, secret

    async def list_keys(self, before: tuple[datetime, UUID] | None, limit: int) -> Sequence[ApiKey]:
        """Return at most `limit` keys, the newest first, from after `before`."""
        async with self._database.reading() as connection:
            return await storage.list_api_keys(connection, before, limit)

    async def delete_key(self, key_id: UUID) -> None:
        """Revoke a key.

        Raises:
            NotFoundError: There is no such key.
        """
        async with self._database.transaction() as connection:
            if not await storage.delete_api_key(connection, key_id):
                raise NotFoundError("api key", f"apiKeys/{key_id}")

    async def exchange_key(self, secret: str) -> AccessToken:
        """Return an access token with the scopes of the key.

        Raises:
            UnauthenticatedError: There is no such key, or it is expired.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            key = await storage.use_api_key(connection, secret_hash(secret), now)
        if key is None:
            raise invalid_key()
        return self._signer.sign_token(key.name, now, scopes=list(key.scopes))
