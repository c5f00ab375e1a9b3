import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from libral.users.v1 import users_pb2

from services.common.settings import Environment, SettingsError
from services.users.__main__ import build
from services.users.adapters import TokenSigner
from services.users.config import UsersSettings

CONTRACTS = ("libral.users.v1.UserService", "libral.users.v1.AuthService")


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_both_contracts_are_served(mesh, service, contract):
    health = health_pb2_grpc.HealthStub(mesh.channel(service))
    answer = await health.Check(health_pb2.HealthCheckRequest(service=contract))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_active_users_are_measured(service, admin):
    unit, read = service.kernel.meter.gauges["users.active"]
    assert (unit, await read()) == ("1", 1)


async def test_it_does_not_start_without_an_admin(mesh, users_environment):
    del users_environment["LIBRAL_ADMIN_PASSWORD"]
    with pytest.raises(SettingsError, match="LIBRAL_ADMIN_PASSWORD"):
        await mesh.start("users", build, users_environment)


async def test_it_starts_again_without_the_password_of_the_admin(mesh, service, users_environment):
    del users_environment["LIBRAL_ADMIN_PASSWORD"]
    again = await mesh.start("users", build, users_environment)
    assert again.port


async def test_tokens_are_signed_with_the_configured_key(auth, users_environment):
    signer = TokenSigner(UsersSettings.read(Environment(users_environment)).token_key)
    (key,) = (await auth.GetJsonWebKeySet(users_pb2.GetJsonWebKeySetRequest())).keys
    assert (key.x, key.kid) == (signer.public, signer.key_id)
