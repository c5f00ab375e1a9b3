"""The harness can fail: without a safeguard it is red, and tells which promise was broken."""

import pytest

from tests.faults.short import FAULTS, KILLS, run

pytestmark = pytest.mark.timeout(480)

ANSWERS = "a call is answered or told what is away"
QUEUES = "queues are empty and everything runs in the end"
BROKEN = {
    "fence": {"events of an outbox key are in the order of its rows"},
    "idempotency": {ANSWERS, QUEUES},
    "position": {"a reaction takes effect once"},
    "head-lock": {"nothing is tried again but what was away"},
    "gap-check": {"a subscriber sees every event once, in order"},
}
"""What each mutation breaks, one of it at least."""


@pytest.mark.parametrize("mutation", BROKEN)
def test_it_is_red_without(mutation):
    # An effect is lost if its process is killed in the moment before it.
    faults = KILLS if mutation == "position" else FAULTS
    assert BROKEN[mutation] & run("--mutate", mutation, faults=faults)["broken"].keys()
