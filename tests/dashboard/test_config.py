from pathlib import Path

import pytest

from dashboard.config import Settings
from services.common.settings import Environment, SettingsError


def test_nothing_has_to_be_set():
    settings = Settings.read(Environment({}))
    assert (settings.host, settings.port) == ("127.0.0.1", 8081)
    assert settings.gateway_url == "http://127.0.0.1:8080"
    assert str(settings.zone) == "Asia/Tokyo"
    assert settings.sessions is settings.fonts is None


def test_everything_can_be_set():
    settings = Settings.read(
        Environment(
            {
                "LIBRAL_HOST": "0.0.0.0",  # noqa: S104 - a value
                "LIBRAL_DASHBOARD_PORT": "9000",
                "LIBRAL_GATEWAY_URL": "https://gateway:443/",
                "LIBRAL_TIME_ZONE": "UTC",
                "LIBRAL_DASHBOARD_SESSIONS": "/s",
                "LIBRAL_DASHBOARD_FONTS": "/f",
            }
        )
    )
    assert (settings.port, settings.gateway_url) == (9000, "https://gateway:443")
    assert (settings.sessions, settings.fonts) == (Path("/s"), Path("/f"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIBRAL_DASHBOARD_PORT", "70000"),
        ("LIBRAL_DASHBOARD_PORT", "８０"),
        ("LIBRAL_GATEWAY_URL", "gateway:8080"),
        ("LIBRAL_GATEWAY_URL", "http://"),
        ("LIBRAL_GATEWAY_URL", "http://gateway:x"),
        ("LIBRAL_TIME_ZONE", "Asia/Edo"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name, value):
    with pytest.raises(SettingsError, match=name):
        Settings.read(Environment({name: value}))
