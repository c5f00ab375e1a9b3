"""The harness fails without each safeguard, and names a broken promise."""

import pytest

from tests.faults.short import FAULTS, KILLS, run

pytestmark = pytest.mark.timeout(480)

ACKNOWLEDGED = "every operation is eventually acknowledged"
TRIED = "only unavailable dependencies are retried"
REACTED = "a reaction takes effect once"
# An append whose response was lost is retried.
LOST = ("swallow:postgres",)
BROKEN = {
    "fence": (FAULTS, {"events of an outbox key are in the order of its rows"}),
    "idempotency": (LOST, {ACKNOWLEDGED, TRIED}),
    # An effect is lost if its process is killed between both commits.
    "position": (KILLS, {REACTED}),
    "head-lock": (FAULTS, {TRIED}),
    "gap-check": (FAULTS, {"a subscriber sees every event once, in order"}),
}
"""The faults of each mutation, and the promises of which it breaks at least one."""


@pytest.mark.parametrize("mutation", BROKEN)
def test_it_is_red_without(mutation):
    faults, broken = BROKEN[mutation]
    assert broken & run("--mutate", mutation, faults=faults)["broken"].keys()
