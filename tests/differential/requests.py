"""The requests: rows of the gateway's own tables, random messages, and mutations of both."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from google.api import annotations_pb2
from google.protobuf import descriptor_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from gateway.contracts.descriptors import Contracts, load_file, load_set
from tests.differential.contracts import is_deep, without_refused
from tests.differential.worlds import RawRequest
from tests.gateway.conftest import compile_protos
from tests.gateway.spec import test_bindings, test_templates
from tests.gateway.spec.descriptor_sets import with_imports
from tests.gateway.spec.random_contract import RandomContract
from tests.gateway.spec.random_requests import RandomRequests
from tests.gateway.spec.test_transcode import transcode

GATEWAY = Path(test_bindings.__file__).parents[1]
SPEC, TEMPLATES, RANDOM, ECHO = "spec", "templates", "random", "echo"
METHODS = 40
TEMPLATE_ROWS = [
    *test_templates.MATCHED,
    *test_templates.UNMATCHED,
    *test_templates.BROKEN_ESCAPES,
]
VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def spec_contracts(folder: Path) -> Contracts:
    source = GATEWAY / "spec" / "spec.proto"
    return without_refused(load_file(compile_protos(folder / "spec.binpb", source)))


def echo_contracts(folder: Path) -> Contracts:
    source = GATEWAY / "echo.proto"
    return without_refused(load_file(compile_protos(folder / "echo.binpb", source)))


def template_contracts() -> Contracts:
    """Return a method for each template of the gateway's tables, below a separate first segment."""
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t.v1", syntax="proto3")
    file.dependency.append(annotations_pb2.DESCRIPTOR.name)
    message = file.message_type.add(name="Variables")
    for number, name in enumerate("xyz", 1):
        message.field.add(name=name, number=number, label=1, type=9)
    service = file.service.add(name="Templates")
    for number, template in enumerate(templates()):
        method = service.method.add(
            name=f"M{number}", input_type=".t.v1.Variables", output_type=".t.v1.Variables"
        )
        method.options.Extensions[annotations_pb2.http].get = f"/t{number}{template}"
    files = [*with_imports([annotations_pb2.DESCRIPTOR]), file]
    return load_set(descriptor_pb2.FileDescriptorSet(file=files).SerializeToString(), file.name)


def templates() -> list[str]:
    """Return all templates that Envoy accepts and whose variables are single names."""
    found = dict.fromkeys(template for template, *_ in TEMPLATE_ROWS)
    return [each for each in found if not is_deep(each) and "{x." not in each]


def below(template: str, path: str) -> RawRequest:
    """Return a request for a template of `template_contracts`."""
    return RawRequest(TEMPLATES, "GET", f"/t{templates().index(template)}{path}")


def template_rows() -> Iterator[RawRequest]:
    taken = templates()
    for template, path, *_ in TEMPLATE_ROWS:
        if template in taken:
            yield below(template, path)


def spec_rows() -> Iterator[RawRequest]:
    """Yield the rows of the tables of bindings that the gateway accepts."""
    tables = test_bindings
    for path, _ in tables.PATHS:
        yield RawRequest(SPEC, "GET", f"/v1/{path}")
    for query, _ in [*tables.QUERIES, *tables.MAPS]:
        yield RawRequest(SPEC, "GET", f"/v1/kinds?{query}")
    for line, body, _ in [*tables.BODIES, *tables.MASKS, *tables.VERBS]:
        yield of_line(line, body)


def refused_rows() -> Iterator[RawRequest]:
    """Yield the rows of the tables of bindings that it refuses, and bodies that are not JSON."""
    tables = test_bindings
    for query in tables.REFUSED_MAPS:
        yield RawRequest(SPEC, "GET", f"/v1/kinds?{query}")
    for line, body, _ in tables.REFUSED_BODIES:
        yield of_line(line, body)
    for path in tables.NOWHERE:
        yield RawRequest(SPEC, "GET", path)
    for path, _ in tables.OPTIONS:
        yield RawRequest(SPEC, "OPTIONS", path)
    for line, _ in tables.ALLOWED:
        yield of_line(line)
    for line, _ in tables.REFUSED:
        in_query = "/v1/" not in line.partition("?")[0]
        yield of_line(f"GET /v1/kinds?{line}" if in_query else line)
    for line, kind, body, _, _ in tables.RAW:
        yield replace(of_line(line, body), kind=kind)


def of_line(line: str, body: bytes = b"") -> RawRequest:
    verb, target = line.split(" ")
    return RawRequest(SPEC, verb, target, body)


def echo_rows() -> Iterator[RawRequest]:
    """Yield errors of every code, server streams, and bodies of any type."""
    for code in range(1, 17):
        for details in ERROR_DETAILS:
            failing = {"code": code, "text": "no: \u00e9 %41\n", "details": details}
            yield RawRequest(ECHO, "POST", "/v1/fail", json.dumps(failing).encode())
        plain = {"code": code, "text": "no", "plain": True}
        yield RawRequest(ECHO, "POST", "/v1/fail", json.dumps(plain).encode())
    for query in STREAMS:
        yield RawRequest(ECHO, "GET", f"/v1/public:stream{query}")
    for kind in ("application/json", "text/plain; charset=utf-8", "image/png"):
        for body in (b"", b"{", b"\x89PNG\xff\x00", b"a" * 70_000):
            yield RawRequest(ECHO, "POST", "/v1/raw", body, kind)
    for length in (0, 1, 100_000):
        body = json.dumps({"text": "a" * length}).encode()
        yield RawRequest(ECHO, "POST", "/v1/echo", body)


def random_contract(seed: int) -> RandomContract:
    return TakenContract(seed, METHODS)


class TakenContract(RandomContract):
    """A random contract whose templates Envoy accepts."""

    def _template(self, method: int, binding: int, strings_min: int) -> str:
        while is_deep(template := super()._template(method, binding, strings_min)):
            pass
        return template


def random_requests(contract: RandomContract, count: int) -> Iterator[RawRequest]:
    """Yield valid requests for random methods, as clients of Google's APIs write them."""
    requests = RandomRequests(contract.random)
    for method in contract.random.choices(contract.contracts.methods, k=count):
        verb, target, body = transcode(method, requests.make(method), numbers=False)
        yield RawRequest(RANDOM, verb, target, body)


def mutated(random: Random, requests: Iterable[RawRequest]) -> Iterator[RawRequest]:
    """Yield each request with one change."""
    for request in requests:
        while (made := random.choice(MUTATIONS)(random, request)) == request:
            pass
        yield made


def mutate_verb(random: Random, request: RawRequest) -> RawRequest:
    return replace(request, verb=random.choice(VERBS))


def mutate_path(random: Random, request: RawRequest) -> RawRequest:
    """Double, add or drop a slash, escape a character, or add a custom verb."""
    path = request.path
    place = random.randrange(1, len(path) + 1)
    before, after = path[:place], path[place:]
    changed = random.choice(
        [
            path + "/",
            path + ":nope",
            path + "%2F",
            path.replace("/", "//", random.choice([1, 2])),
            path.rpartition("/")[0] or "/",
            before + random.choice(["%20", "%25", "+", "%2B", "%c3%a9", "a", ":"]) + after,
            f"{before[:-1]}%{ord(path[place - 1]):02X}{after}",
        ]
    )
    return with_target(request, changed, request.query)


def mutate_query(random: Random, request: RawRequest) -> RawRequest:
    """Add, repeat or change a parameter."""
    pairs = request.query.split("&") if request.query else []
    if pairs and random.random() < 0.7:
        place = random.randrange(len(pairs))
        name, _, value = pairs[place].partition("=")
        odd = random.choice(VALUES)
        pairs[place] = random.choice(
            [
                f"{name}={odd}",
                f"{name}={value}&{name}={value}",
                name,
                f"{name}=",
                f"{name}.nope={value}",
                f"{escape(name[:1])}{name[1:]}={value}",
                f"{name}={value}+{odd}",
            ]
        )
    else:
        pairs.append(random.choice(["nope=1", "nope", "", "$alt=json", "=", "nope.nope=1"]))
    return with_target(request, request.path, "&".join(pairs))


def mutate_body(random: Random, request: RawRequest) -> RawRequest:
    """Change a member of a JSON body, or its text."""
    try:
        tree = json.loads(request.body)
    except ValueError:
        return request
    if random.random() < 0.2 or not isinstance(tree, dict):
        text = request.body.decode()
        texts = [text[:-1], text + text, text + "}", f" {text} "]
        texts += ["", "[]"] if isinstance(tree, dict) else []
        changed = random.choice(texts)
        return replace(request, body=changed.encode())
    owner = random.choice(list(objects(tree)))
    if owner and random.random() < 0.7:
        name = random.choice(list(owner))
        owner[name] = random.choice([*MEMBERS, str(owner[name]), [owner[name]]])
    else:
        owner["nope"] = random.choice(MEMBERS)
    return replace(request, body=json.dumps(tree).encode())


def packed(detail: Message) -> dict[str, str]:
    value = base64.b64encode(detail.SerializeToString()).decode()
    return {"type_url": f"{TYPE}{detail.DESCRIPTOR.full_name}", "value": value}


def objects(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from objects(value)
    if isinstance(tree, list):
        for value in tree:
            yield from objects(value)


def with_target(request: RawRequest, path: str, query: str) -> RawRequest:
    return replace(request, target=f"{path}?{query}" if query else path)


def escape(character: str) -> str:
    return "".join(f"%{byte:02x}" for byte in character.encode())


TYPE = "type.googleapis.com/"
INFO = error_details_pb2.ErrorInfo(reason="R", domain="d", metadata={"k": "v"})
RETRY = error_details_pb2.RetryInfo(retry_delay={"seconds": 2})
ERROR_DETAILS = [
    [],
    [packed(INFO), packed(RETRY)],
    [{"type_url": f"{TYPE}no.such.Type", "value": "CAE="}],
]
STREAMS = ["", "?until=1", "?until=5&after=2", "?until=2&size=70000", "?fail=true"]
STREAMS += ["?until=2&fail=true", "?until=x", "?nope=1"]
MUTATIONS = [mutate_verb, mutate_path, mutate_path, *[mutate_query] * 3, *[mutate_body] * 3]
VALUES = [
    "0",
    "-1",
    "1.0",
    "1e3",
    "9007199254740993",
    "18446744073709551615",
    "4294967296",
    "true",
    "TRUE",
    "1",
    "NaN",
    "Infinity",
    "COLOR_1",
    "color_1",
    "77",
    "a+b%20c",
    "_-8",
    "/%2B8=",
    "1970-01-01T00:00:00Z",
    "1.5s",
    "a.bC",
    "%C3%A9",
    "%00",
]
MEMBERS = [
    None,
    True,
    "x",
    "",
    1,
    -1,
    1.5,
    10**19,
    2**53 + 1,
    str(2**63 - 1),
    "1",
    "NaN",
    float("inf"),
    [],
    {},
    [1],
    [[]],
    {"nope": 1},
    "COLOR_1",
    "1970-01-01T00:00:00Z",
    "1.5s",
    "_-8",
]
