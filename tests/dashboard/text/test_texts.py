"""All texts together: none is written twice, and enum values of the contracts have one each."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from libral.events.v1 import events_pb2
from libral.metrics.v1 import metrics_pb2
from libral.payments.v1 import payments_pb2
from libral.policy.v1 import policy_pb2
from libral.telegram.v1 import telegram_pb2
from libral.users.v1 import users_pb2

from dashboard import text

FOLDER = Path(text.__file__).parent


def literals(path: Path) -> list[str]:
    """Return the strings that a module assigns, without the keys of its mappings."""
    found: list[str] = []
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Assign):
            nodes = list(ast.walk(statement.value))
            keys = {id(key) for one in nodes if isinstance(one, ast.Dict) for key in one.keys}
            keys |= {id(one.slice) for one in nodes if isinstance(one, ast.Subscript)}
            found += [
                one.value for one in nodes if isinstance(one, ast.Constant) and id(one) not in keys
            ]
    return found


def test_no_text_is_written_twice():
    modules = [path for path in FOLDER.glob("*.py") if path.name != "__init__.py"]
    counts = Counter(one for path in modules for one in literals(path))
    assert len(counts) > 250
    assert [words for words, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(
    ("names", "enum", "left_out"),
    [
        (text.events.CATEGORIES, events_pb2.Event.Category, set()),
        (text.events.LEVELS, events_pb2.Event.Level, set()),
        (text.unhandled.STATES, events_pb2.DeadLetter.State, set()),
        (text.verification.CHANNELS, events_pb2.Checkpoint.Channel, set()),
        (text.modules.STATES, metrics_pb2.Module.State, {"UNKNOWN"}),
        (text.payments.STATES, payments_pb2.Payment.State, set()),
        (text.payments.PROVIDERS, payments_pb2.Payment.Provider, set()),
        (text.users.STATES, users_pb2.User.State, set()),
        (text.infrastructure.BOT_STATES, telegram_pb2.Bot.State, set()),
        (text.common.ROLE_NAMES, policy_pb2.Role, {"PUBLIC", "AUTHENTICATED", "SERVICE"}),
    ],
)
def test_every_enum_value_has_a_text(names, enum, left_out):
    known = {name for name, number in enum.items() if number}
    assert known - left_out == names.keys()
