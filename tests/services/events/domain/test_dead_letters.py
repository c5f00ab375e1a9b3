import pytest

from services.events.domain.dead_letters import DeadLetter, parse_dead_letter_name
from tests.services.events.helpers import MORNING


@pytest.mark.parametrize("consumer", ["users", "two-words"])
def test_a_name_holds_consumer_and_position(consumer):
    dead_letter = DeadLetter(consumer, 12, "a.b", "", 5, MORNING, MORNING)
    assert dead_letter.name == f"deadLetters/{consumer}-12"
    assert parse_dead_letter_name(dead_letter.name) == (consumer, 12)


@pytest.mark.parametrize(
    "name", ["users-1", "deadLetters/-1", "deadLetters/users", "deadLetters/users-x"]
)
def test_another_name_is_refused(name):
    with pytest.raises(ValueError, match=name):
        parse_dead_letter_name(name)
