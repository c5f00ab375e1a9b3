import pytest

from services.metrics.adapters.postgresql import hit_ratio


@pytest.mark.parametrize(
    ("changes", "ratio"),
    [
        ({"hits": 3.0, "reads": 1.0}, 0.75),
        ({"hits": 0.0, "reads": 0.0}, None),
        ({"reads": 1.0}, None),
        ({"hits": 1.0}, None),
        ({}, None),
    ],
)
def test_the_hit_ratio_needs_both_counters(changes, ratio):
    assert hit_ratio(changes) == ratio
