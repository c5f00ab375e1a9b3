"""Envoy's bootstrap configuration."""

from dataclasses import replace

import pytest

from deploy.envoy.configuration import ConfigurationError, SocketAddress, make_configuration
from deploy.envoy.descriptors import service_name
from deploy.local.programs import SERVICES
from gateway.contracts.descriptors import load_bundled

CONTRACTS = load_bundled()
LISTEN = SocketAddress("127.0.0.1", 8082)
PACKAGES = [f"libral.{name}.v1" for name in sorted(SERVICES)]
UPSTREAMS = {package: f"10.0.0.1:{port}" for port, package in enumerate(PACKAGES, 50051)}


def resources(contracts=CONTRACTS, upstreams=UPSTREAMS, **options) -> dict:
    return make_configuration(contracts, LISTEN, upstreams, **options)["static_resources"]


def manager_of(tree: dict) -> dict:
    (listener,) = tree["listeners"]
    (chain,) = listener["filter_chains"]
    (only,) = chain["filters"]
    return only["typed_config"]


def endpoints_of(cluster: dict) -> list[dict]:
    (locality,) = cluster["load_assignment"]["endpoints"]
    return [each["endpoint"]["address"]["socket_address"] for each in locality["lb_endpoints"]]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:80", SocketAddress("localhost", 80)),
        ("[::1]:8080", SocketAddress("::1", 8080)),
        (":81", SocketAddress("", 81)),
    ],
)
def test_an_address_is_read(text, address):
    assert SocketAddress.read(text) == address


def test_each_package_has_a_cluster_at_its_upstream():
    tree = resources()
    assert [each["name"] for each in tree["clusters"]] == PACKAGES
    for port, cluster in enumerate(tree["clusters"], 50051):
        assert endpoints_of(cluster) == [{"address": "10.0.0.1", "port_value": port}]
    assert tree["listeners"][0]["address"] == LISTEN.tree()


def test_an_upstream_with_several_addresses():
    (first, *_) = resources(upstreams=UPSTREAMS | {PACKAGES[0]: "a:1,http://[::1]:2"})["clusters"]
    assert endpoints_of(first) == [
        {"address": "a", "port_value": 1},
        {"address": "::1", "port_value": 2},
    ]


def test_an_upstream_over_tls_is_refused():
    upstreams = UPSTREAMS | {"libral.events.v1": "https://a:1"}
    with pytest.raises(ConfigurationError, match=r"^libral\.events\.v1 is at https://a:1: "):
        resources(upstreams=upstreams)


def test_a_package_without_an_upstream_is_refused():
    upstreams = {package: target for package, target in UPSTREAMS.items() if "users" not in package}
    with pytest.raises(ConfigurationError, match=r"^no upstream is given for libral\.users\.v1\.$"):
        resources(upstreams=upstreams)


def test_contracts_without_a_binding_are_refused():
    unbound = tuple(method for method in CONTRACTS.methods if not method.bindings)
    with pytest.raises(ConfigurationError, match=r"^no method has a google\.api\.http rule\.$"):
        resources(replace(CONTRACTS, methods=unbound))


def test_each_service_has_a_route_and_each_stream_one_before():
    (host,) = manager_of(resources())["route_config"]["virtual_hosts"]
    timeouts = [route["route"]["timeout"] for route in host["routes"]]
    paths = {
        route["match"]["path"]: route["route"]
        for route in host["routes"]
        if "path" in route["match"]
    }
    prefixes = {
        route["match"]["prefix"]: route["route"]["cluster"]
        for route in host["routes"]
        if "prefix" in route["match"]
    }
    bound = [method for method in CONTRACTS.methods if method.bindings]
    assert set(paths) == {method.path for method in bound if method.server_streaming}
    assert prefixes == {f"/{service_name(method)}/": method.package for method in bound}
    assert timeouts == ["3600s"] * len(paths) + ["5s"] * len(prefixes)


def test_the_transcoder_serves_every_service_once():
    transcoder = manager_of(resources())["http_filters"][0]["typed_config"]
    services = {service_name(method) for method in CONTRACTS.methods if method.bindings}
    assert transcoder["services"] == sorted(services)


def test_more_filters_stand_between_transcoder_and_router():
    log = {"name": "log"}
    manager = manager_of(resources(filters=[{"name": "one"}, {"name": "two"}], access_log=[log]))
    names = [each["name"] for each in manager["http_filters"]]
    assert names == ["transcoder", "one", "two", "router"]
    assert manager["access_log"] == [log]
