from pathlib import Path

import pytest

from services.common.settings import Environment, SettingsError
from services.metrics.config import MetricsSettings

REDIS = {"REDIS_URL": "redis://127.0.0.1:6379/0"}


def test_what_is_unset_is_not_monitored():
    settings = MetricsSettings.read(Environment(REDIS))
    assert settings == MetricsSettings(REDIS["REDIS_URL"], Path("/"), {}, {}, "")


def test_services_and_pages_are_monitored_at_their_addresses():
    variables = REDIS | {
        "LIBRAL_USERS_TARGET": "127.0.0.1:50051",
        "LIBRAL_GATEWAY_URL": "http://127.0.0.1:8080",
        "LIBRAL_DATA_PATH": "/data",
        "LIBRAL_SUPERVISOR_SOCKET": "/run/supervisor.sock",
    }
    settings = MetricsSettings.read(Environment(variables))
    assert settings.services == {"users": "127.0.0.1:50051"}
    assert settings.pages == {"gateway": "http://127.0.0.1:8080/healthz"}
    assert settings.data_path == Path("/data")
    assert settings.supervisor_socket == "/run/supervisor.sock"


@pytest.mark.parametrize("variables", [{}, {"REDIS_URL": "http://127.0.0.1"}])
def test_the_cache_is_required(variables):
    with pytest.raises(SettingsError, match="REDIS_URL"):
        MetricsSettings.read(Environment(variables))
