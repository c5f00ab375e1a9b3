from libral.telegram.v1 import telegram_pb2

from dashboard import text
from tests.dashboard.text.enums import names_of


def test_all_bot_states_have_a_text():
    assert text.infrastructure.BOT_STATES.keys() == names_of(telegram_pb2.Bot.State)
