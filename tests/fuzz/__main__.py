"""Fuzz the parsers of untrusted text: the template parser, the query binder, the JSON decoder.

    python -m tests.fuzz template|query|json [--runs N]

Only the documented error may be raised, and accepted input must survive a round trip. A crash ends
the
run with its input in `.artifacts/fuzz/`.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import atheris
import orjson

with atheris.instrument_imports(include=["gateway"]):
    from gateway.codec import Codec
    from gateway.contracts.descriptors import Contracts, load_file
    from gateway.http.errors import INVALID_ARGUMENT, StatusError
    from gateway.routing.params import bind_request
    from gateway.routing.routes import RouteMatch
    from gateway.routing.table import make_table
    from gateway.routing.template import TemplateError, parse_template

from tests.gateway.conftest import compile_protos

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / ".artifacts" / "fuzz"
INPUT_BYTES_MAX = 512
ITEM = "spec.v1.Item"
HALF = b"\x7f"
DEPTH_MAX, LIST, DICT = 4, 6, 7
WORDS = [
    *("RED", "BELOW", "1", "-1.5", "1e3", "NaN", "-Infinity", "9223372036854775807", "true"),
    *("2026-01-31T12:00:00.5+09:00", "0001-01-01T00:00:00Z", "1.5s", "-315576000000s"),
    *("a.bC,d", "*", "_-8=", "AA", "", "\x00", "日本", "type.googleapis.com/spec.v1.Item"),
]
Target = Callable[[bytes], None]

SEEDS = {
    "template": [b"/v1/{a.b=c/*/**}:d", b"/v1/*/{x}", b"/%2F/{a=**}/b"],
    "query": [
        b"text=a&small=-1&item.displayName=b&counts[a]=1",
        b"time=2026-01-31T12:00:00Z&lag=1.5s&mask=a,b_c&data=_-8%3D",
        b"int64_box=1&tags=a&tags=b&color=RED&wide=NaN&flag=True",
    ],
    "json": [
        b'{"text":"a","item":{"child":{"count":1}},"counts":{"a":1},"tags":["b"]}',
        b'{"time":"2026-01-31T12:00:00.5+09:00","lag":"-1.5s","mask":"a.bC","data":"_-8="}',
        b'{"extra":{"a":[null,true,1e3]},"whatever":"x","int64Box":"1","wide":"NaN"}',
    ],
}


def load_contracts() -> Contracts:
    with tempfile.TemporaryDirectory() as folder:
        source = ROOT / "tests" / "gateway" / "spec" / "spec.proto"
        return load_file(compile_protos(Path(folder) / "spec.binpb", source))


def template_target() -> Target:
    def fuzz(data: bytes) -> None:
        try:
            parsed = parse_template(data.decode("utf-8", "surrogateescape"))
        except TemplateError:
            return
        if parse_template(parsed.text) != parsed:
            raise AssertionError(parsed.text)

    return fuzz


def query_target() -> Target:
    contracts = load_contracts()
    codec = Codec(contracts.pool)
    routes = make_table(contracts).routes
    route = next(each for each in routes if each.template.text == "/v1/kinds")
    match = RouteMatch(route, {})

    def fuzz(data: bytes) -> None:
        try:
            bound = bind_request(match, data, None, codec)
        except StatusError as error:
            refuse_others(error)
            return
        bound.message.SerializeToString()

    return fuzz


def json_target() -> Target:
    contracts = load_contracts()
    codec = Codec(contracts.pool)
    kind = next(each for each in contracts.methods if each.full_name.endswith(".Query"))

    names = [name for field in kind.input.fields for name in (field.name, field.json_name)]
    names += [field.json_name for field in contracts.pool.FindMessageTypeByName(ITEM).fields]

    def fuzz(data: bytes) -> None:
        # Half of the inputs are used as JSON text; the others seed a JSON tree.
        if data[:1] > HALF:
            data = orjson.dumps(make_value(atheris.FuzzedDataProvider(data[1:]), names, 0))
        message = kind.request_class()
        try:
            codec.decode(data, message, None)
        except StatusError as error:
            refuse_others(error)
            return
        again = kind.request_class()
        codec.decode(codec.encode(message, None), again, None)
        # Compare bytes, since NaN does not equal itself.
        if serialized(again) != serialized(message):
            raise AssertionError(data)

    return fuzz


def make_value(provider: atheris.FuzzedDataProvider, names: list[str], depth: int) -> object:
    """Return JSON whose members are mostly fields."""
    choice = provider.ConsumeIntInRange(0, 5 + 2 * (depth < DEPTH_MAX))
    if not depth or choice == DICT:
        keys = [provider.PickValueInList(names) for _ in range(provider.ConsumeIntInRange(0, 4))]
        return {key: make_value(provider, names, depth + 1) for key in keys}
    if choice == LIST:
        size = provider.ConsumeIntInRange(0, 3)
        return [make_value(provider, names, depth + 1) for _ in range(size)]
    made = (
        None,
        provider.ConsumeBool(),
        provider.ConsumeInt(8),
        provider.ConsumeFloat(),
        provider.ConsumeUnicodeNoSurrogates(12),
        provider.PickValueInList(WORDS),
    )
    return made[choice]


def serialized(message: object) -> bytes:
    return message.SerializeToString(deterministic=True)


def refuse_others(error: StatusError) -> None:
    """Raise any error that is not a 400."""
    if error.code != INVALID_ARGUMENT:
        raise error


TARGETS = {"template": template_target, "query": query_target, "json": json_target}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--runs", type=int, default=1_000_000, help="runs (1,000,000)")
    arguments = parser.parse_args()
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    corpus = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for number, seed in enumerate(SEEDS[arguments.target]):
        (corpus / str(number)).write_bytes(seed)
    target, started, count = TARGETS[arguments.target](), time.monotonic(), 0

    def counted(data: bytes) -> None:
        nonlocal count
        count += 1
        target(data)
        if count == arguments.runs:
            seconds = time.monotonic() - started
            print(f"{arguments.target}: {count} runs, {count / seconds:.0f} a second, no crash")
            sys.stdout.flush()

    options = [
        f"-runs={arguments.runs}",
        f"-max_len={INPUT_BYTES_MAX}",
        f"-artifact_prefix={ARTIFACTS}/{arguments.target}-",
        "-seed=1",
        "-verbosity=0",
        "-rss_limit_mb=1024",
        "-timeout=5",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], counted)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
