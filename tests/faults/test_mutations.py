"""The harness can fail: without a safeguard it is red, and tells which promise was broken."""

import pytest

from tests.faults.short import FAULTS, KILLS, run

pytestmark = pytest.mark.timeout(480)

ACKNOWLEDGED = "every operation is acknowledged in the end"
TRIED = "nothing is tried again but what was away"
REACTED = "a reaction takes effect once"
# An append whose answer was lost is asked for again.
LOST = ("swallow:postgres",)
BROKEN = {
    "fence": (FAULTS, {"events of an outbox key are in the order of its rows"}),
    "idempotency": (LOST, {ACKNOWLEDGED, TRIED}),
    # An effect is lost if its process is killed in the moment before it.
    "position": (KILLS, {REACTED}),
    "head-lock": (FAULTS, {TRIED}),
    "gap-check": (FAULTS, {"a subscriber sees every event once, in order"}),
}
"""The faults that a mutation is run under, and the promises of which it breaks one at least."""


@pytest.mark.parametrize("mutation", BROKEN)
def test_it_is_red_without(mutation):
    faults, broken = BROKEN[mutation]
    assert broken & run("--mutate", mutation, faults=faults)["broken"].keys()
