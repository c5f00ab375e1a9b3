import pytest

from dashboard.api import auth
from dashboard.api.http import GatewayError, GatewayHttp
from tests.fakes import gateway as fake


@pytest.fixture
async def http(gateway):
    client = GatewayHttp(gateway.url)
    yield client
    await client.close()


async def test_a_password_and_a_refresh_token_give_a_pair(http, gateway):
    pair = await auth.login(http, "hanako", "secret")
    assert (pair.user, pair.display_name, pair.roles) == ("users/1", "花子", ("ADMIN",))
    assert (pair.access_token, pair.refresh_token) == ("access", "refresh")
    assert gateway.asked(fake.LOGIN) == [{"login": "hanako", "password": "secret"}]
    gateway.replies[fake.REFRESH] = fake.token_pair(["VIEWER"])
    assert (await auth.refresh(http, "old")).roles == ("VIEWER",)
    assert gateway.asked(fake.REFRESH) == [{"refreshToken": "old"}]


async def test_a_refusal_is_raised(http, gateway):
    gateway.replies[fake.LOGIN] = fake.Failure(401)
    with pytest.raises(GatewayError) as raised:
        await auth.login(http, "hanako", "wrong")
    assert raised.value.status == 401
    with pytest.raises(GatewayError):
        await auth.logout(http, "gone")
    assert gateway.asked("/v1/auth:logout") == [{"refreshToken": "gone"}]
