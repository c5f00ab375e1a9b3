"""google-api-core's client of http.proto → the gateway → a mirror: requests arrive unchanged."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import uvloop
from google.api_core import rest_helpers
from google.protobuf import json_format

from gateway.contracts.descriptors import Method
from tests.gateway.conftest import RunningGateway
from tests.gateway.spec.mirror import Mirror, RawClient
from tests.gateway.spec.random_contract import PACKAGE, RandomContract
from tests.gateway.spec.random_requests import RandomRequests

SEED = 7
METHODS = 40
REQUESTS = 10_000
CONNECTIONS = 8

Case = tuple[Method, Any, bool]


def transcode(method: Method, message: Any, *, numbers: bool) -> tuple[str, str, bytes]:
    """Return verb, target and body as clients generated for Google's APIs send them."""
    options = [
        {"method": binding.verb, "uri": binding.template, "body": binding.body}
        for binding in method.bindings
    ]
    request, body, query = rest_helpers.transcode_request(
        options, message, rest_numeric_enums=numbers
    )
    pairs = rest_helpers.flatten_query_params(query, strict=True)
    target = request["uri"] + (f"?{urlencode(pairs)}" if pairs else "")
    return request["method"], target, (body or "").encode()


def bytes_of(message: Any) -> bytes:
    """Return a text that is the same for equal messages, with NaN equal to itself."""
    return message.SerializeToString(deterministic=True)


async def deliver(port: int, mirror: Mirror, cases: Iterable[Case]) -> None:
    """Send requests sequentially, and compare upstream requests and responses."""
    async with RawClient(port) as client:
        for method, message, numbers in cases:
            verb, target, body = transcode(method, message, numbers=numbers)
            response = await client.send(verb, target, body)
            assert response.status == 200, (verb, target, body, response.content)
            path, arrived = mirror.seen.pop(response.id)
            assert path == method.path
            received = type(message).FromString(arrived)
            returned = json_format.Parse(response.content, type(message)())
            for found in (received, returned):
                assert bytes_of(found) == bytes_of(message), (target, body, found, message)


async def deliver_all(contract: RandomContract, cases: list[Case]) -> None:
    async with (
        Mirror() as mirror,
        RunningGateway(contract.contracts, {PACKAGE: mirror.target}) as gateway,
    ):
        shards = (cases[number::CONNECTIONS] for number in range(CONNECTIONS))
        await asyncio.gather(*(deliver(gateway.port, mirror, shard) for shard in shards))


def test_what_is_sent_arrives():
    contract = RandomContract(SEED, METHODS)
    methods, requests = contract.contracts.methods, RandomRequests(contract.random)
    cases = [
        (method, requests.make(method), number % 2 == 0)
        for number, method in enumerate(contract.random.choices(methods, k=REQUESTS))
    ]
    started = time.monotonic()
    uvloop.run(deliver_all(contract, cases))
    seconds = time.monotonic() - started
    templates = sum(len(method.bindings) for method in methods)
    print(f"{REQUESTS} requests, {templates} templates, {seconds:.1f} s")  # noqa: T201
