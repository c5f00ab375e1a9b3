import pytest

from services.common.settings import Environment, SettingsError
from services.payments.config import PaymentsSettings

TARGET = {"LIBRAL_TELEGRAM_TARGET": "127.0.0.1:1"}


def test_defaults():
    settings = PaymentsSettings.read(Environment(TARGET))
    assert (settings.telegram_target, settings.zone.key) == ("127.0.0.1:1", "Asia/Tokyo")


@pytest.mark.parametrize("name", ["Asia/Nowhere", "../etc/passwd"])
def test_an_unknown_time_zone(name):
    with pytest.raises(SettingsError, match="LIBRAL_TIME_ZONE"):
        PaymentsSettings.read(Environment(TARGET | {"LIBRAL_TIME_ZONE": name}))
