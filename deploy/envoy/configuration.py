"""Envoy's configuration: one listener, the transcoder, and a cluster for each package.

The options are those under which Envoy comes closest to the gateway; what still
differs is told in docs/envoy.md.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.envoy.descriptors import make_descriptor_set, served, service
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
    """What Envoy cannot be configured with. The message is one line."""


@dataclass(frozen=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    @classmethod
    def read(cls, text: str) -> "Address":
        host, _, port = text.rpartition(":")
        return cls(host.strip("[]"), int(port))

    def tree(self) -> Tree:
        return {"socket_address": {"address": self.host, "port_value": self.port}}


def make_configuration(
    contracts: Contracts,
    listen: Address,
    upstreams: Mapping[str, str],
    *,
    filters: Sequence[Tree] = (),
    access_log: Sequence[Tree] = (),
) -> Tree:
    """Return the tree of a bootstrap file.

    `upstreams` maps packages to `host:port`, or to several of these with commas between.
    `filters` are HTTP filters that run between the transcoder and the router, where the path is
    that of the gRPC method. `access_log` are the access logs of the listener.

    Raises:
        ConfigurationError: Nothing has a binding, or a package has no upstream, or one over TLS.
    """
    packages = sorted({method.package for method in served(contracts)})
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
    manager = typed(
        f"{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="rest",
        max_request_headers_kb=HEADER_KIB_MAX,
        request_timeout=seconds(BODY_SECONDS),
        # The gateway keeps the id of a request as the client gave it.
        preserve_external_request_id=True,
        request_id_extension={
            "typed_config": typed(
                f"{EXTENSIONS}.request_id.uuid.v3.UuidRequestIdConfig", pack_trace_reason=False
            )
        },
        route_config={
            "virtual_hosts": [{"name": "rest", "domains": ["*"], "routes": make_routes(contracts)}]
        },
        http_filters=[
            {"name": "transcoder", "typed_config": make_transcoder(contracts)},
            *filters,
            {"name": "router", "typed_config": typed(f"{FILTERS}.router.v3.Router")},
        ],
        access_log=list(access_log),
    )
    return {"name": "http", "typed_config": manager}


def make_transcoder(contracts: Contracts) -> Tree:
    return typed(
        f"{FILTERS}.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        proto_descriptor_bin=base64.b64encode(make_descriptor_set(contracts)).decode(),
        services=sorted({service(method) for method in served(contracts)}),
        auto_mapping=False,
        convert_grpc_status=True,
        case_insensitive_enum_parsing=False,
        # Routes are found by the gRPC path, whose package tells the cluster.
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
    """One route for each server stream, and one for the rest of each service."""
    methods = served(contracts)
    streams = [
        make_route({"path": method.path}, method.package, STREAM_SECONDS_MAX)
        for method in methods
        if method.server_streaming
    ]
    packages = {service(method): method.package for method in methods}
    return streams + [
        make_route({"prefix": f"/{name}/"}, package, UNARY_SECONDS)
        for name, package in sorted(packages.items())
    ]


def make_route(match: Tree, cluster: str, timeout: float) -> Tree:
    return {"match": match, "route": {"cluster": cluster, "timeout": seconds(timeout)}}


def make_cluster(package: str, target: str) -> Tree:
    addresses = read_target(package, target)
    endpoints = [{"endpoint": {"address": address.tree()}} for address in addresses]
    return {
        "name": package,
        "type": "STRICT_DNS",
        "connect_timeout": seconds(CONNECT_MILLISECONDS / 1000),
        "load_assignment": {
            "cluster_name": package,
            "endpoints": [{"lb_endpoints": endpoints}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
                f"{EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions",
                explicit_http_config={"http2_protocol_options": {}},
            )
        },
    }


def read_target(package: str, target: str) -> list[Address]:
    """Return the addresses of an upstream, which is `host:port` or several with commas between.

    Raises:
        ConfigurationError: One is reached over TLS.
    """
    addresses: list[Address] = []
    for text in target.split(","):
        if text.startswith("https://"):
            raise ConfigurationError(
                f"{package} is at {text}: upstreams over TLS are not supported."
            )
        addresses.append(Address.read(text.removeprefix("http://")))
    return addresses


def typed(url: str, **members: Any) -> Tree:
    return {"@type": url, **members}


def seconds(number: float) -> str:
    return f"{number:g}s"
