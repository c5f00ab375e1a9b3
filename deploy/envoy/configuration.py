"""Envoy's configuration: one listener, the transcoder, and a cluster for each package.

The options bring Envoy as close to the gateway as possible. docs/envoy.md lists the remaining
differences.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.envoy.descriptors import make_descriptor_set, served_methods, service_name
from gateway.calls.requests import STREAM_SECONDS_MAX, UNARY_SECONDS
from gateway.contracts.descriptors import Contracts
from gateway.http.messages import BODY_BYTES_MAX, BODY_SECONDS
from gateway.upstream.call import MESSAGE_BYTES_MAX
from gateway.upstream.grpcio import CONNECT_MILLISECONDS

EXTENSIONS = "type.googleapis.com/envoy.extensions"
FILTERS = f"{EXTENSIONS}.filters.http"
HEADER_KIB_MAX = 64

Tree = dict[str, Any]


class ConfigurationError(Exception):
    """Envoy cannot be configured for these contracts. The message is one line."""


@dataclass(frozen=True)
class SocketAddress:
    """The host and port of a server."""

    host: str
    port: int

    @classmethod
    def read(cls, text: str) -> "SocketAddress":
        host, _, port = text.rpartition(":")
        return cls(host.strip("[]"), int(port))

    def tree(self) -> Tree:
        return {"socket_address": {"address": self.host, "port_value": self.port}}


def make_configuration(
    contracts: Contracts,
    listen: SocketAddress,
    upstreams: Mapping[str, str],
    *,
    filters: Sequence[Tree] = (),
    access_log: Sequence[Tree] = (),
) -> Tree:
    """Return Envoy's bootstrap configuration.

    `upstreams` maps packages to `host:port`, or to several of these separated by commas. `filters`
    are HTTP filters between the transcoder and the router; they see the path of the gRPC method.
    `access_log` are the access logs of the listener.

    Raises:
        ConfigurationError: No method has a binding, or a package has no upstream or one over TLS.
    """
    packages = sorted({method.package for method in served_methods(contracts)})
    if not packages:
        raise ConfigurationError("no method has a google.api.http rule.")
    missing = [package for package in packages if package not in upstreams]
    if missing:
        raise ConfigurationError(f"no upstream is given for {', '.join(missing)}.")
    manager = make_connection_manager(contracts, filters, access_log)
    chain = {"filters": [manager]}
    listener = {"name": "rest", "address": listen.tree(), "filter_chains": [chain]}
    clusters = [make_cluster(package, upstreams[package]) for package in packages]
    return {"static_resources": {"listeners": [listener], "clusters": clusters}}


def make_connection_manager(
    contracts: Contracts, filters: Sequence[Tree], access_log: Sequence[Tree]
) -> Tree:
    manager = typed_config(
        f"{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="rest",
        max_request_headers_kb=HEADER_KIB_MAX,
        request_timeout=duration_text(BODY_SECONDS),
        # The gateway keeps a request id that the client sent.
        preserve_external_request_id=True,
        request_id_extension={
            "typed_config": typed_config(
                f"{EXTENSIONS}.request_id.uuid.v3.UuidRequestIdConfig", pack_trace_reason=False
            )
        },
        route_config={
            "virtual_hosts": [{"name": "rest", "domains": ["*"], "routes": make_routes(contracts)}]
        },
        http_filters=[
            {"name": "transcoder", "typed_config": make_transcoder(contracts)},
            *filters,
            {"name": "router", "typed_config": typed_config(f"{FILTERS}.router.v3.Router")},
        ],
        access_log=list(access_log),
    )
    return {"name": "http", "typed_config": manager}


def make_transcoder(contracts: Contracts) -> Tree:
    return typed_config(
        f"{FILTERS}.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        proto_descriptor_bin=base64.b64encode(make_descriptor_set(contracts)).decode(),
        services=sorted({service_name(method) for method in served_methods(contracts)}),
        auto_mapping=False,
        convert_grpc_status=True,
        case_insensitive_enum_parsing=False,
        # Routes match the gRPC path, because its package selects the cluster.
        match_incoming_request_route=False,
        match_unregistered_custom_verb=False,
        query_param_unescape_plus=True,
        url_unescape_spec="ALL_CHARACTERS_EXCEPT_SLASH",
        request_validation_options={
            "reject_unknown_method": True,
            "reject_unknown_query_parameters": True,
            "reject_binding_body_field_collisions": True,
        },
        print_options={"always_print_primitive_fields": True},
        max_request_body_size=BODY_BYTES_MAX,
        max_response_body_size=MESSAGE_BYTES_MAX,
    )


def make_routes(contracts: Contracts) -> list[Tree]:
    """Return a route for each server stream, then one for the other methods of each service."""
    methods = served_methods(contracts)
    streams = [
        make_envoy_route({"path": method.path}, method.package, STREAM_SECONDS_MAX)
        for method in methods
        if method.server_streaming
    ]
    packages = {service_name(method): method.package for method in methods}
    return streams + [
        make_envoy_route({"prefix": f"/{name}/"}, package, UNARY_SECONDS)
        for name, package in sorted(packages.items())
    ]


def make_envoy_route(match: Tree, cluster: str, timeout: float) -> Tree:
    return {"match": match, "route": {"cluster": cluster, "timeout": duration_text(timeout)}}


def make_cluster(package: str, target: str) -> Tree:
    addresses = read_target(package, target)
    endpoints = [{"endpoint": {"address": address.tree()}} for address in addresses]
    return {
        "name": package,
        "type": "STRICT_DNS",
        "connect_timeout": duration_text(CONNECT_MILLISECONDS / 1000),
        "load_assignment": {
            "cluster_name": package,
            "endpoints": [{"lb_endpoints": endpoints}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed_config(
                f"{EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions",
                explicit_http_config={"http2_protocol_options": {}},
            )
        },
    }


def read_target(package: str, target: str) -> list[SocketAddress]:
    """Return the addresses of an upstream: `host:port`, or several separated by commas.

    Raises:
        ConfigurationError: An address uses TLS.
    """
    addresses: list[SocketAddress] = []
    for text in target.split(","):
        if text.startswith("https://"):
            raise ConfigurationError(
                f"{package} is at {text}: upstreams over TLS are not supported."
            )
        addresses.append(SocketAddress.read(text.removeprefix("http://")))
    return addresses


def typed_config(url: str, **members: Any) -> Tree:
    return {"@type": url, **members}


def duration_text(number: float) -> str:
    return f"{number:g}s"
