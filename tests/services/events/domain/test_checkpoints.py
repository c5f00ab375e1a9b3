import pytest

from services.events.domain.checkpoints import Checkpoint
from services.events.domain.entries import Head
from tests.services.events.helpers import MORNING

POINT = Checkpoint(Head(7, bytes(range(32))), Head(2, bytes(32)), MORNING)


def test_a_line_is_read_as_it_was_written():
    assert "\n" not in POINT.line()
    assert Checkpoint.read(POINT.line()) == POINT


@pytest.mark.parametrize(
    "line",
    ["", "torn", "{}", "[]", POINT.line()[:-1], POINT.line().replace('"hash": "00', '"hash": "zz')],
)
def test_another_line_is_refused(line):
    with pytest.raises(ValueError, match=r"."):
        Checkpoint.read(line)
