from datetime import timedelta

import pytest

from services.events.domain.blocks import block_of, block_span, summarize_block
from services.events.domain.words import hash_word
from tests.services.events.helpers import MORNING, make_chain


@pytest.mark.parametrize(("block", "span"), [(0, (1, 100)), (7, (701, 800))])
def test_a_block_is_a_hundred_positions(block, span):
    assert block_span(block) == span
    assert {block_of(position) for position in span} == {block}
    assert block_of(span[1] + 1) == block + 1


def test_the_summary_of_a_block():
    entries = make_chain(3)
    hour = timedelta(hours=1)
    entries[0] = entries[0]._replace(time=MORNING + hour, level=4)
    entries[1] = entries[1]._replace(time=MORNING - hour, category=7)
    # A category of a later version of the contract is not counted.
    entries[2] = entries[2]._replace(category=99, append_time=MORNING + hour)
    block = summarize_block(entries)
    assert (block.block, block.error_count) == (0, 1)
    assert block.counts == [0, 1, 0, 0, 0, 0, 1]
    assert (block.first_time, block.last_time) == (MORNING - hour, MORNING + hour)
    assert (block.first_append_time, block.last_append_time) == (MORNING, MORNING + hour)
    assert {hash_word("category=99"), hash_word("created"), hash_word("level=4")} <= set(
        block.words
    )
    assert block.words == sorted(block.words)
