"""Envoy as a process: start, wait, stop, and errors."""

import json
import socket
import urllib.request

import pytest

from deploy.envoy.configuration import SocketAddress
from deploy.envoy.program import Envoy, ProgramError
from deploy.local.home import free_port

ANSWER = "from the listener"


def answering(listen: SocketAddress) -> dict:
    """Return a configuration whose listener responds to every request directly."""
    kinds = "type.googleapis.com/envoy.extensions.filters"
    route = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": ANSWER}},
    }
    manager = {
        "@type": f"{kinds}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "test",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "router", "typed_config": {"@type": f"{kinds}.http.router.v3.Router"}}
        ],
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    listener = {"name": "test", "address": listen.tree(), "filter_chains": [chain]}
    return {"static_resources": {"listeners": [listener]}}


def test_listens_until_it_is_left():
    listen = SocketAddress("127.0.0.1", free_port(set()))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with Envoy(answering(listen), listen, 1) as envoy:
        url = f"http://127.0.0.1:{listen.port}/"
        with opener.open(url, timeout=5) as response:
            assert response.read().decode() == ANSWER
        folder = envoy._log.parent
        assert json.loads((folder / "envoy.json").read_text()) == answering(listen)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((listen.host, listen.port), 1)
    assert not folder.exists()
    assert envoy.wait() == 0


def test_a_port_in_use():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = SocketAddress("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(ProgramError, match=rf"^127\.0\.0\.1:{listen.port} is in use\.$"):
            Envoy(answering(listen), listen, 1).__enter__()


def test_the_error_includes_envoys_reason():
    listen = SocketAddress("127.0.0.1", free_port(set()))
    with (
        pytest.raises(ProgramError, match=r"(?s)^Envoy ended with 1: .*no_such_field"),
        Envoy({"no_such_field": 1}, listen, 1),
    ):
        pass


def test_an_envoy_that_listens_elsewhere_is_given_up(monkeypatch):
    monkeypatch.setattr("deploy.envoy.program.READY_SECONDS", 0.5)
    elsewhere = SocketAddress("127.0.0.1", free_port(set()))
    envoy = Envoy(answering(elsewhere), SocketAddress("127.0.0.1", free_port({elsewhere.port})), 1)
    with pytest.raises(ProgramError, match=r"^Envoy is not ready in "):
        envoy.__enter__()
    assert envoy.wait() == 0
