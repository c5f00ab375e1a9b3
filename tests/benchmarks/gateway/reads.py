"""CPU a request of the gateway, of Envoy and of a plain FastAPI gateway, before the same room.

Ours admits by token and policy, sets deadlines, measures and logs every request; the rivals leave
all of that to the room. No two requests that are open at a time are alike, so none is joined.
"""

from tests.benchmarks.figures import Extent, Figure, show
from tests.benchmarks.gateway.mesh import PACKAGE, USERS, Mesh
from tests.benchmarks.processes import program
from tests.benchmarks.rivals import Rival, compare

LIST_SHARE = 4


def measure(mesh: Mesh, extent: Extent) -> list[Figure]:
    with (
        mesh.envoy() as envoy,
        program(mesh.folder, "plain_gateway", mesh.targets[PACKAGE]) as fastapi,
    ):
        servers = {"ours": (mesh.port, mesh.gateway.pid), "envoy": envoy, "fastapi": fastapi}

        def rivals(requests: list[bytes]) -> dict[str, Rival]:
            return {name: Rival(port, (pid,), requests) for name, (port, pid) in servers.items()}

        count, rounds = extent.requests, extent.rounds
        one = compare(rivals(mesh.reads()), count, rounds)
        show("GET of one user", one, "µs CPU a request", rounds * count)
        count //= LIST_SHARE
        many = compare(rivals(mesh.lists()), count, rounds)
        show(f"list of {USERS} users", many, "µs CPU a request", rounds * count)
    n = extent.rounds * extent.requests
    return [
        Figure("get_vs_envoy", one["ours"] / one["envoy"], 0.8, n),
        Figure("get_vs_fastapi", one["ours"] / one["fastapi"], 0.3, n),
        Figure("list_vs_envoy", many["ours"] / many["envoy"], 0.9, n // LIST_SHARE),
    ]
