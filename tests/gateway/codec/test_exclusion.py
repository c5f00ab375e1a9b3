"""Mutually exclusive members of an object."""

import pytest

from gateway.codec.exclusion import check_exclusive, exclusive_groups

VALUES = [
    ({"anInt32": 1, "left": "a"}, None),
    ({"anInt32": 1, "an_int32": 2}, ("an_int32", "anInt32")),
    ({"an_int32": None, "anInt32": None}, ("anInt32", "an_int32")),
    ({"left": "a", "right": "1"}, ("right", "left")),
    ({"right": "1", "middle": {}}, ("middle", "right")),
    ({"left": None, "right": "1"}, None),
    ({"renamed": "a", "other-name": "b"}, ("other-name", "renamed")),
]


@pytest.mark.parametrize(("value", "found"), VALUES)
def test_names_the_one_that_came_second(kinds, value, found):
    groups = exclusive_groups(kinds.pool.FindMessageTypeByName("test.kinds.v1.Kinds"))
    violations = check_exclusive(groups, value)
    if found is None:
        assert violations == []
    else:
        (violation,) = violations
        assert violation.field == found[0]
        assert violation.description == f"excludes {found[1]}, which is also given."
