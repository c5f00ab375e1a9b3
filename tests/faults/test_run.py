"""A short run keeps all promises."""

import pytest

from tests.faults.short import run


@pytest.mark.timeout(480)
def test_a_short_run_is_green():
    assert run()["broken"] == {}
