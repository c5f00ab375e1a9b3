"""Bindings that are refused at the start."""

import pytest

from gateway.contracts.descriptors import load_file
from gateway.routing.table import RoutesError, make_table
from tests.gateway.conftest import compile_protos

PUBLIC = "option (libral.policy.v1.rule) = {public: true};"


def rpc(name: str, http: str, policy: str = PUBLIC) -> str:
    options = f"option (google.api.http) = {{{http}}}; {policy}"
    return f"rpc {name}(Request) returns (Request) {{ {options} }}"


def make_contracts(tmp_path, *rpcs: str):
    source = tmp_path / "bad.proto"
    source.write_text(
        'syntax = "proto3"; package bad.v1;'
        'import "google/api/annotations.proto"; import "libral/policy/v1/policy.proto";'
        f"service Bad {{ {' '.join(rpcs)} }}"
        "message Request { string name = 1; repeated string many = 2; Request child = 3; }"
    )
    return load_file(compile_protos(tmp_path / "bad.binpb", source))


REFUSED = [
    (
        [rpc("A", 'get: "/v1/{name}"'), rpc("B", 'get: "/v1/{child.name}"')],
        "bad.v1.Bad.B: GET /v1/{child.name} is also bound to bad.v1.Bad.A.",
    ),
    (
        [rpc("A", 'get: "/v1/{name"')],
        "bad.v1.Bad.A: GET '/v1/{name', column 10: '}' to close the variable 'name' is missing.",
    ),
    (
        [rpc("A", 'get: "/v1/{nome}"')],
        "bad.v1.Bad.A: GET '/v1/{nome}', column 5: field 'nome' of Request does not exist.",
    ),
    (
        [rpc("A", 'get: "/v1/{many}"')],
        (
            "bad.v1.Bad.A: GET '/v1/{many}', column 5: "
            "field 'many' of Request cannot be given in a path."
        ),
    ),
    (
        [rpc("A", 'get: "/v1/{child}"')],
        (
            "bad.v1.Bad.A: GET '/v1/{child}', column 5: "
            "field 'child' of Request cannot be given in a path."
        ),
    ),
    (
        [rpc("A", 'post: "/v1/a" body: "nobody"')],
        "bad.v1.Bad.A: POST body 'nobody' is not a field of Request.",
    ),
    (
        [rpc("A", 'post: "/v1/a" body: "child.name"')],
        "bad.v1.Bad.A: POST body 'child.name' is not a field of Request.",
    ),
    (
        [rpc("A", 'get: "/v1/a" response_body: "nobody"')],
        "bad.v1.Bad.A: GET response_body 'nobody' is not a field of Request.",
    ),
    (
        [rpc("A", 'get: "/v1/a"', "")],
        "bad.v1.Bad.A: GET '/v1/a' has no access rule.",
    ),
    (
        [rpc("A", 'get: "/healthz"')],
        "bad.v1.Bad.A: GET '/healthz' is a path of the gateway itself.",
    ),
]


@pytest.mark.parametrize(("rpcs", "problem"), REFUSED)
def test_refuses_to_start(tmp_path, rpcs, problem):
    with pytest.raises(RoutesError) as caught:
        make_table(make_contracts(tmp_path, *rpcs))
    assert caught.value.problems == [problem]


def test_names_every_problem(tmp_path):
    rpcs = [rpc("A", 'get: "/v1/{a"'), rpc("B", 'get: "x"'), rpc("C", 'get: "/docs"')]
    with pytest.raises(RoutesError) as caught:
        make_table(make_contracts(tmp_path, *rpcs))
    assert len(caught.value.problems) == len(rpcs)
