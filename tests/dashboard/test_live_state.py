from datetime import UTC, datetime, timedelta

from dashboard.api.metrics import STALE_SECONDS, Sample
from dashboard.api.modules import Module, StateReason
from dashboard.live_state import LiveState

OLD = timedelta(seconds=STALE_SECONDS + 1)
RUNNING = {"state": "HEALTHY", "actions": ["STOP"], "pid": 7}


def modules() -> list[Module]:
    return [Module.parse({"name": f"modules/{name}"} | RUNNING) for name in ("metrics", "users")]


def test_a_stale_sample_is_none():
    state, now = LiveState(), datetime.now(UTC)
    state.add_samples([Sample("new", 1.0, "", now), Sample("old", 1.0, "", now - OLD)])
    assert state.sample("new") is not None
    assert state.sample("old") is None
    assert state.sample("none") is None


def test_modules_that_are_not_received_any_more_are_none():
    state = LiveState()
    assert state.fresh_modules() is None
    state.set_modules(modules())
    assert state.fresh_modules() == modules()
    state.modules_time = datetime.now(UTC) - OLD
    assert state.fresh_modules() is None


def test_without_the_metrics_service_the_other_states_are_unknown():
    state = LiveState()
    state.set_modules(modules())
    state.mark_metrics_service_unreachable()
    metrics, users = state.fresh_modules()
    assert (metrics.state, metrics.actions) == ("ERROR", ())
    assert metrics.reason == StateReason("NOT_SERVING", "応答していません。")
    assert (users.state, users.actions, users.reason) == ("STATE_UNSPECIFIED", (), StateReason())
    assert users.pid == 7
