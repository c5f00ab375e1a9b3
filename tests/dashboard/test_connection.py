import asyncio
from datetime import UTC, datetime

from libral.metrics.v1 import metrics_pb2

from dashboard.connection import GatewayConnections
from tests.waiting import until

MODULES = "/v1/modules:stream"
METRICS = "/v1/metrics:stream"


async def test_what_arrives_is_the_live_state_of_a_session(gateway, dashboard):
    session = await dashboard.sessions.sign_in("hanako", "secret")
    connections = GatewayConnections(dashboard.sessions, ["a", "b"])
    connection = connections.connection_of(session)
    assert connections.connection_of(session) is connection
    changed = asyncio.Event()
    end = connection.listen(changed.set)
    module = {"name": "modules/metrics", "state": metrics_pb2.Module.HEALTHY}
    await gateway.push(MODULES, metrics_pb2.ListModulesResponse(modules=[module]))
    await asyncio.wait_for(changed.wait(), 5)
    assert [one.state for one in connection.state.fresh_modules()] == ["HEALTHY"]
    assert connection.connected
    samples = metrics_pb2.StreamMetricsResponse(samples=[{"metric": "a", "value": 2.0}])
    samples.samples[0].time.FromDatetime(datetime.now(UTC))
    changed.clear()
    await gateway.push(METRICS, samples)
    await asyncio.wait_for(changed.wait(), 5)
    assert connection.state.sample("a").value == 2.0
    assert ("WS", f"{METRICS}?metrics=a&metrics=b", {}) in gateway.requests
    changed.clear()
    await gateway.end(MODULES, "UNAVAILABLE")
    await asyncio.wait_for(changed.wait(), 5)
    assert [one.reason.code for one in connection.state.fresh_modules()] == ["NOT_SERVING"]
    end()
    connections.forget(session)
    assert connection.state.ended
    assert connections.connection_of(session) is not connection
    connections.close()


async def test_a_session_that_ended_ends_its_state(gateway, dashboard):
    session = await dashboard.sessions.sign_in("hanako", "secret")
    connection = dashboard.connections.connection_of(session)
    dashboard.sessions.forget(session)
    connection.listen(lambda: None)
    await until(lambda: connection.state.ended)
