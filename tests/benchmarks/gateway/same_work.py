"""An Envoy that does the gateway's work: verify tokens, enforce rules, log requests.

It is the Envoy of `deploy.envoy` with three extensions: `jwt_authn` with the keys that the users
service publishes, RBAC by the roles and scopes of each method's rule, and a JSON access log with
the fields of the gateway's request line. Both filters run after the transcoder, where the path of a
request is that of its gRPC method.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from deploy.envoy.configuration import EXTENSIONS, FILTERS, Tree, typed_config
from deploy.envoy.descriptors import served_methods
from gateway.auth.auth import LEEWAY_SECONDS
from gateway.contracts.descriptors import Contracts, Method, Rule
from services.common.tokens import USER_ISSUER

JWT_AUTHN = "envoy.filters.http.jwt_authn"
PROVIDER = "mesh"
CLAIMS = "claims"
TOKENS_MAX = 100
# The fields of the gateway's request line. Envoy has no URL templates, so `route` is the path of
# the gRPC method. Without a tracer, `trace_id` is empty.
FIELDS = {
    "event": "request",
    "level": "info",
    "timestamp": "%START_TIME%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "trace_id": "%TRACE_ID%",
    "method": "%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD)%",
    "route": "%REQ(:PATH)%",
    "status": "%RESPONSE_CODE%",
    "code": "%GRPC_STATUS_NUMBER%",
    "milliseconds": "%DURATION%",
}


def make_filters(contracts: Contracts, jwks: str) -> list[Tree]:
    """Return the filters that verify tokens with a JSON Web Key Set and enforce the rules."""
    methods = served_methods(contracts)
    return [
        {"name": JWT_AUTHN, "typed_config": make_verification(methods, jwks)},
        {"name": "envoy.filters.http.rbac", "typed_config": make_enforcement(methods)},
    ]


def make_access_log(path: Path) -> list[Tree]:
    """Return an access log that appends one JSON object per request to a file."""
    config = typed_config(
        f"{EXTENSIONS}.access_loggers.file.v3.FileAccessLog",
        path=str(path),
        log_format={"json_format": FIELDS},
    )
    return [{"name": "envoy.access_loggers.file", "typed_config": config}]


def make_verification(methods: Iterable[Method], jwks: str) -> Tree:
    """Return a `jwt_authn` configuration that requires a token for non-public methods.

    It caches verified tokens, like the gateway.
    """
    public = [{"match": {"path": each.path}} for each in methods if is_public(each.rule)]
    provider = {
        "issuer": USER_ISSUER,
        "local_jwks": {"inline_string": jwks},
        "forward": True,
        "payload_in_metadata": CLAIMS,
        "clock_skew_seconds": LEEWAY_SECONDS,
        "require_expiration": True,
        "jwt_cache_config": {"jwt_cache_size": TOKENS_MAX},
    }
    required = {"match": {"prefix": "/"}, "requires": {"provider_name": PROVIDER}}
    return typed_config(
        f"{FILTERS}.jwt_authn.v3.JwtAuthentication",
        providers={PROVIDER: provider},
        rules=[*public, required],
    )


def make_enforcement(methods: Iterable[Method]) -> Tree:
    """Return an RBAC filter with one policy for each distinct rule."""
    paths: defaultdict[str, list[Tree]] = defaultdict(list)
    principals: dict[str, list[Tree]] = {}
    for method in methods:
        name, admitted = make_principals(method.rule)
        principals[name] = admitted
        paths[name].append({"url_path": {"path": {"exact": method.path}}})
    policies = {
        name: {"permissions": paths[name], "principals": admitted}
        for name, admitted in principals.items()
        if admitted
    }
    return typed_config(f"{FILTERS}.rbac.v3.RBAC", rules={"action": "ALLOW", "policies": policies})


def make_principals(rule: Rule | None) -> tuple[str, list[Tree]]:
    """Return a name for a rule and the principals that it admits."""
    if is_public(rule):
        return "public", [{"any": True}]
    claims = [("roles", role) for role in sorted(rule.roles)]
    if rule.scope:
        claims.append(("scopes", rule.scope))
    return ", ".join(value for _, value in claims), [make_claim(*each) for each in claims]


def make_claim(name: str, value: str) -> Tree:
    """Return a principal that has a value in a list claim."""
    matcher = {
        "filter": JWT_AUTHN,
        "path": [{"key": CLAIMS}, {"key": name}],
        "value": {"list_match": {"one_of": {"string_match": {"exact": value}}}},
    }
    return {"sourced_metadata": {"metadata_matcher": matcher}}


def is_public(rule: Rule | None) -> bool:
    return rule is None or rule.public
