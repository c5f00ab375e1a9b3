from pathlib import Path

import pytest

from services.common.settings import Environment, SettingsError
from services.events.config import EventsSettings


@pytest.mark.parametrize("value", ["0", "x", "-1", "1201"])
def test_retention_must_be_months(value):
    environment = {"REDIS_URL": "redis://h:1/0", "LIBRAL_EVENTS_RETENTION_MONTHS": value}
    with pytest.raises(SettingsError, match="LIBRAL_EVENTS_RETENTION_MONTHS"):
        EventsSettings.read(Environment(environment))


CHAT = "TELEGRAM_CHECKPOINT_CHAT_ID"
URL = {"REDIS_URL": "redis://h:1/0"}


def test_what_is_not_set_is_off():
    settings = EventsSettings.read(Environment(URL))
    assert settings == EventsSettings("redis://h:1/0", None, None, None, None)


def test_everything_can_be_set():
    environment = URL | {
        "LIBRAL_TELEGRAM_TARGET": "127.0.0.1:7",
        "LIBRAL_CHECKPOINTS": "/points",
        CHAT: "-100",
        "LIBRAL_EVENTS_RETENTION_MONTHS": "12",
    }
    settings = EventsSettings.read(Environment(environment))
    assert settings == EventsSettings("redis://h:1/0", "127.0.0.1:7", Path("/points"), -100, 12)


@pytest.mark.parametrize("chat", ["@name", "--1", "1.5"])
def test_a_chat_must_be_a_number(chat):
    with pytest.raises(SettingsError, match=CHAT):
        EventsSettings.read(Environment(URL | {CHAT: chat}))
