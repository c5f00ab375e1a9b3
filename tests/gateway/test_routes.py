"""Routes: which one is found, what is refused at start-up."""

from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from gateway.contracts.descriptors import DescriptorError, load, load_bundled, load_file
from gateway.http.errors import StatusError
from gateway.routing.table import RoutesError, make_table
from tests.gateway.conftest import compile_protos

GOLDEN = Path(__file__).parent / "routes.txt"

FOUND = [
    ("GET", "/v1/items/a", "/v1/{name=items/*}", {"name": "items/a"}),
    ("GET", "/v1/items/special", "/v1/items/special", {}),
    ("GET", "/v1/items/special%20", "/v1/{name=items/*}", {"name": "items/special "}),
    ("GET", "/v1/items/a:check", "/v1/{name=items/*}:check", {"name": "items/a"}),
    ("GET", "/v1/items/a%3Acheck", "/v1/{name=items/*}", {"name": "items/a:check"}),
    ("GET", "/v1/files", "/v1/{name=files/**}", {"name": "files"}),
    ("GET", "/v1/files/", "/v1/{name=files/**}", {"name": "files/"}),
    ("GET", "/v1/files/a/b", "/v1/{name=files/**}", {"name": "files/a/b"}),
    ("GET", "/v1/trees/a/b/leaf", "/v1/{name=trees/**}/leaf", {"name": "trees/a/b"}),
    ("GET", "/v1/trees/leaf/leaf", "/v1/{name=trees/**}/leaf", {"name": "trees/leaf"}),
    ("GET", "/v1/plain/x", "/v1/plain/{name}", {"name": "x"}),
    ("REPORT", "/v1/echo", "/v1/echo", {}),
    ("PATCH", "/v1/items/special", "/v1/{item.name=items/*}", {"item.name": "items/special"}),
]


@pytest.fixture(scope="module")
def table(contracts):
    return make_table(contracts)


@pytest.mark.parametrize(("verb", "path", "template", "variables"), FOUND)
def test_finds(table, verb, path, template, variables):
    match = table.find(verb, path)
    assert match.route.template.text == template
    assert match.variables == variables


MISSED = [
    "/",
    "/v1",
    "/v1/items",
    "/v1/items/",
    "/v1/items/a/b",
    "/v1/items/a:other",
    "/v1/items/a:",
    "/v1/items/:check",
    "/v1//items/a",
    "/v1/%69tems/a",
    "/V1/items/a",
    "/v1/trees/a",
    "/v1/echo/",
]


@pytest.mark.parametrize("path", MISSED)
def test_misses(table, path):
    with pytest.raises(StatusError) as caught:
        table.find("GET", path)
    assert caught.value.http == 404


def test_names_the_verbs_that_are_allowed(table):
    with pytest.raises(StatusError) as caught:
        table.find("DELETE", "/v1/items/a")
    assert caught.value.http == 405
    assert caught.value.headers == [("allow", "GET, HEAD, OPTIONS, PATCH")]


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
        "bad.v1.Bad.B: GET /v1/{child.name} is bad.v1.Bad.A too.",
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
        "bad.v1.Bad.A: POST body 'nobody' is no field of Request.",
    ),
    (
        [rpc("A", 'post: "/v1/a" body: "child.name"')],
        "bad.v1.Bad.A: POST body 'child.name' is no field of Request.",
    ),
    (
        [rpc("A", 'get: "/v1/a" response_body: "nobody"')],
        "bad.v1.Bad.A: GET response_body 'nobody' is no field of Request.",
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


@pytest.mark.parametrize("content", [b"\xff\xff", b"nonsense"])
def test_refuses_what_is_no_descriptor_set(content):
    with pytest.raises(DescriptorError, match="no FileDescriptorSet"):
        load(content, "x")


def test_refuses_a_set_without_imports(tmp_path, descriptor_set):
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set.read_bytes())
    del files.file[:-1]
    with pytest.raises(DescriptorError, match=r"^x cannot be loaded: .*$"):
        load(files.SerializeToString(), "x")


def test_refuses_a_missing_file(tmp_path):
    with pytest.raises(DescriptorError, match=r"No such file or directory\.$"):
        load_file(tmp_path / "none")


def test_the_routes_of_the_mesh_are_as_agreed():
    """A change of a contract's HTTP form shows here, and is then meant."""
    routes = make_table(load_bundled()).routes
    lines = [
        f"{r.verb:6} {r.template.text}  {r.method.full_name}"
        + (" (stream)" if r.method.server_streaming else "")
        for r in sorted(routes, key=lambda r: (r.template.text, r.verb))
    ]
    assert lines == GOLDEN.read_text().splitlines()
