import pytest

from services.events.config import EventsSettings
from services.kernel.settings import Environment, SettingsError


@pytest.mark.parametrize("value", ["0", "x", "-1", "1201"])
def test_retention_must_be_months(value):
    environment = {"REDIS_URL": "redis://h:1/0", "LIBRAL_EVENTS_RETENTION_MONTHS": value}
    with pytest.raises(SettingsError, match="LIBRAL_EVENTS_RETENTION_MONTHS"):
        EventsSettings.read(Environment(environment))
