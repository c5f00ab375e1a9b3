import pytest

from services.events.domain.consumers import check_report
from services.kernel.errors import InvalidArgumentError


@pytest.mark.parametrize("name", ["u", "x" * 64])
@pytest.mark.parametrize("types", [["a.b"], ["a.b"] * 200])
def test_a_report_within_bounds(name, types):
    check_report(name, 0, types, "consumer")


@pytest.mark.parametrize(
    ("name", "position", "types", "field"),
    [
        ("", 0, ["a.b"], "consumer.name"),
        ("x" * 65, 0, ["a.b"], "consumer.name"),
        ("users", -1, ["a.b"], "consumer.position"),
        ("users", 0, [], "consumer.types"),
        ("users", 0, ["a.b"] * 201, "consumer.types"),
    ],
)
def test_a_report_out_of_bounds(name, position, types, field):
    with pytest.raises(InvalidArgumentError) as failure:
        check_report(name, position, types, "consumer")
    assert [violation.field for violation in failure.value.violations] == [field]
