"""The route of a path."""

from pathlib import Path

import pytest

from gateway.contracts.descriptors import load_bundled
from gateway.http.errors import StatusError
from gateway.routing.table import make_table

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
    match = table.find_route(verb, path)
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
        table.find_route("GET", path)
    assert caught.value.http == 404


def test_names_the_verbs_that_are_allowed(table):
    with pytest.raises(StatusError) as caught:
        table.find_route("DELETE", "/v1/items/a")
    assert caught.value.http == 405
    assert caught.value.headers == [("allow", "GET, HEAD, OPTIONS, PATCH")]


def test_the_routes_of_the_mesh_are_as_agreed():
    """An unintended change of a contract's HTTP bindings fails here."""
    routes = make_table(load_bundled()).routes
    lines = [
        f"{r.verb:6} {r.template.text}  {r.method.full_name}"
        + (" (stream)" if r.method.server_streaming else "")
        for r in sorted(routes, key=lambda r: (r.template.text, r.verb))
    ]
    assert lines == GOLDEN.read_text().splitlines()
