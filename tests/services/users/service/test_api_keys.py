from datetime import timedelta
from uuid import uuid4

import jwt
import pytest

from services.kernel.errors import InvalidArgumentError, NotFoundError, UnauthenticatedError

SCOPES = ["payments.read"]


async def test_a_key_is_exchanged_for_a_token_of_its_scopes(use_cases):
    key, secret = await use_cases.api_keys.create_key("会計", SCOPES, None)
    use_cases.clock.time += timedelta(minutes=1)
    access = await use_cases.api_keys.exchange_key(secret)
    claims = jwt.decode(access.token, options={"verify_signature": False})
    assert (claims["sub"], claims["scopes"]) == (key.name, SCOPES)
    (used,) = await use_cases.api_keys.list_keys(None, 10)
    assert used.last_use_time == use_cases.clock.time
    assert secret.encode() not in used.secret_hash


async def test_an_expired_key_is_invalid(use_cases):
    expire = use_cases.clock.now() + timedelta(hours=1)
    _, secret = await use_cases.api_keys.create_key("会計", SCOPES, expire)
    await use_cases.api_keys.exchange_key(secret)
    use_cases.clock.time = expire
    for given in (secret, "lbk_unknown"):
        with pytest.raises(UnauthenticatedError) as error:
            await use_cases.api_keys.exchange_key(given)
        assert error.value.reason == "API_KEY_INVALID"


async def test_a_bad_key_is_not_created(use_cases):
    with pytest.raises(InvalidArgumentError):
        await use_cases.api_keys.create_key("", SCOPES, None)
    assert await use_cases.api_keys.list_keys(None, 10) == []


async def test_a_revoked_key_is_invalid(use_cases):
    key, secret = await use_cases.api_keys.create_key("会計", SCOPES, None)
    await use_cases.api_keys.delete_key(key.id)
    with pytest.raises(UnauthenticatedError):
        await use_cases.api_keys.exchange_key(secret)
    missing = uuid4()
    with pytest.raises(NotFoundError) as error:
        await use_cases.api_keys.delete_key(missing)
    assert (error.value.reason, error.value.metadata["name"]) == (
        "API_KEY_NOT_FOUND",
        f"apiKeys/{missing}",
    )
