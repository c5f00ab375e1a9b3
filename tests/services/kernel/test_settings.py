"""The settings of every service, and how a missing one is reported."""

import pytest

from services.common.settings import Environment, SettingsError
from services.kernel.settings import KernelSettings


@pytest.fixture
def variables(tmp_path) -> dict[str, str]:
    key = tmp_path / "mesh.pem"
    key.write_bytes(b"key")
    return {
        "LIBRAL_USERS_LISTEN": "127.0.0.1:1",
        "LIBRAL_USERS_TARGET": "127.0.0.1:2",
        "LIBRAL_EVENTS_TARGET": "127.0.0.1:3",
        "LIBRAL_MESH_KEY": str(key),
        "DATABASE_URL": "postgresql://user:secret@host/name",
    }


def test_defaults(variables):
    settings = KernelSettings.read("users", Environment(variables))
    assert (settings.listen, settings.mesh_key) == ("127.0.0.1:1", b"key")
    assert (settings.engine, settings.otlp_target) == ("native", None)


def test_what_is_given(variables):
    given = {
        "LIBRAL_GRPC_ENGINE": "grpcio",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://metrics:4317/",
    }
    settings = KernelSettings.read("users", Environment(variables | given))
    assert (settings.engine, settings.otlp_target) == ("grpcio", "metrics:4317")


@pytest.mark.parametrize("name", ["LIBRAL_USERS_LISTEN", "LIBRAL_MESH_KEY", "DATABASE_URL"])
def test_a_missing_variable_is_named(variables, name):
    del variables[name]
    with pytest.raises(SettingsError, match=name):
        KernelSettings.read("users", Environment(variables))
