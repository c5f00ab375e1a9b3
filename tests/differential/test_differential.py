"""The gateway and Envoy in front of one upstream: every difference must be in the table.

`DIFFERENTIAL_N` is the approximate number of requests, 2,000 by default.
"""

import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from random import Random

import pytest
import uvloop
from structlog.testing import capture_logs

from deploy.envoy.configuration import SocketAddress, make_configuration
from deploy.envoy.program import Envoy, ProgramError
from gateway.routing.table import make_table
from tests.differential import requests
from tests.differential.contracts import REFUSALS, contract_of
from tests.differential.differences import DIFFERENCES, explain
from tests.differential.document import make_table as make_document_table
from tests.differential.evidence import same
from tests.differential.requests import ECHO, SPEC, TEMPLATES, RawRequest
from tests.differential.worlds import LOCAL, EchoWorld, GatewayComparison, World, free_port

COUNT = int(os.environ.get("DIFFERENTIAL_N", "2000"))
SEEDS = range(1, 6)
SHARES = 2 * len(SEEDS) + 2  # valid and mutated ones of each seed, and mutated rows
SHOWN_MAX = 10


@pytest.fixture(scope="module")
def comparisons(tmp_path_factory) -> list[GatewayComparison]:
    """Yield the comparisons of all requests."""
    folder = tmp_path_factory.mktemp("contracts")
    with capture_logs():
        return uvloop.run(ask_all(folder))


async def ask_all(folder: Path) -> list[GatewayComparison]:
    spec = list(requests.spec_rows())
    templates = list(requests.template_rows())
    examples = [each.example for each in DIFFERENCES]
    rows = [*examples, *spec, *requests.refused_rows(), *templates]
    fixed = list(dict.fromkeys([*rows, *requests.echo_rows()]))
    share = max(COUNT - len(fixed), 0) // SHARES + 1
    random = Random(SEEDS[0])
    # Envoy does not respond before the deadline if the whole body is a number.
    mutable = [each for each in spec if each.body != b"5" and each.verb != "HEAD"]
    fixed += requests.mutated(random, random.choices(mutable, k=share))
    fixed += requests.mutated(random, random.choices(templates, k=share))
    worlds = {
        SPEC: World(requests.spec_contracts(folder)),
        TEMPLATES: World(requests.template_contracts()),
        ECHO: EchoWorld(requests.echo_contracts(folder)),
    }
    found: list[GatewayComparison] = []
    for name, world in worlds.items():
        asked = [each for each in fixed if each.world == name]
        found += [each async for each in ask(world, asked)]
    for seed in SEEDS:
        contract = requests.random_contract(seed)
        valid = list(requests.random_requests(contract, share))
        asked = [*valid, *requests.mutated(contract.random, valid)]
        found += [each async for each in ask(World(contract.contracts), asked)]
    return found


async def ask(world: World, asked: Iterable[RawRequest]) -> AsyncIterator[GatewayComparison]:
    async with world:
        for request in asked:
            yield await world.compare(request)


def test_every_difference_is_explained(comparisons):
    unexplained = [each for each in comparisons if not same(each) and not explain(each)]
    assert len(comparisons) >= COUNT
    assert not unexplained, report(unexplained)


def report(unexplained: list[GatewayComparison]) -> str:
    lines = [f"{len(unexplained)} unexplained with seeds {SEEDS} and DIFFERENTIAL_N={COUNT}"]
    for each in unexplained[:SHOWN_MAX]:
        lines += ["", repr(each.request), f"ours: {each.ours}", f"Envoy: {each.envoy}"]
    return "\n".join(lines)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: each.name)
def test_every_difference_is_met(comparisons, difference):
    shown = next(each for each in comparisons if each.request == difference.example)
    assert not same(shown)
    assert explain(shown) == [difference], (shown, [each.name for each in explain(shown)])


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.name)
def test_envoy_does_not_start(refusal):
    contracts = contract_of(refusal.template, refusal.response_body)
    assert make_table(contracts).routes
    listen = SocketAddress(LOCAL, free_port())
    configuration = make_configuration(contracts, listen, {"refused.v1": f"{LOCAL}:1"})
    with pytest.raises(ProgramError, match=refusal.text), Envoy(configuration, listen, 1):
        pass


def test_the_document_has_the_table():
    document = Path(__file__).parents[2] / "docs" / "envoy.md"
    assert document.read_text().endswith(make_document_table())
