import pytest

from services.common.settings import Environment, SettingsError
from services.users.config import UsersSettings
from tests.services.helpers import BOT_TOKEN, PASSWORD


def test_settings_are_read(users_environment):
    settings = UsersSettings.read(Environment(users_environment))
    assert settings.admin_password == PASSWORD
    assert settings.bot_token == BOT_TOKEN
    assert settings.zone.key == "Asia/Tokyo"


def test_a_bot_and_a_first_password_are_optional(users_environment):
    only_key = {"LIBRAL_TOKEN_KEY": users_environment["LIBRAL_TOKEN_KEY"]}
    settings = UsersSettings.read(Environment(only_key))
    assert (settings.bot_token, settings.admin_password) == ("", "")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd"])
def test_an_unknown_zone_is_refused(users_environment, zone):
    environment = Environment(users_environment | {"LIBRAL_TIME_ZONE": zone})
    with pytest.raises(SettingsError, match="LIBRAL_TIME_ZONE"):
        UsersSettings.read(environment)


def test_the_signing_key_is_required(tmp_path):
    path = tmp_path / "key.pem"
    path.write_text("no key")
    for environment in ({}, {"LIBRAL_TOKEN_KEY": str(path)}):
        with pytest.raises(SettingsError, match="LIBRAL_TOKEN_KEY"):
            UsersSettings.read(Environment(environment))
