"""CPU a request of the gateway, two Envoys and a plain FastAPI gateway, before the same service.

The gateway verifies the token, enforces the rule, sets the deadline, measures and logs every
request. One Envoy does the same (`same_work`); the other one and FastAPI leave admission to the
service and log nothing. No two requests that are open at a time are alike, so none is joined.
"""

from tests.benchmarks.figures import Extent, Figure, show
from tests.benchmarks.gateway.admission import working_envoy
from tests.benchmarks.gateway.mesh import PACKAGE, USERS, Mesh, list_count
from tests.benchmarks.processes import program
from tests.benchmarks.rivals import Rival, compare


def measure(mesh: Mesh, extent: Extent) -> list[Figure]:
    with (
        mesh.envoy() as envoy,
        working_envoy(mesh) as same_work,
        program(mesh.folder, "plain_gateway", mesh.targets[PACKAGE]) as fastapi,
    ):
        servers = {
            "ours": (mesh.port, mesh.gateway.pid),
            "envoy": envoy,
            "envoy, same work": same_work,
            "fastapi": fastapi,
        }

        def rivals(requests: list[bytes]) -> dict[str, Rival]:
            return {name: Rival(port, (pid,), requests) for name, (port, pid) in servers.items()}

        rounds = extent.rounds
        n, n_lists = rounds * extent.requests, rounds * list_count(extent)
        one = compare(rivals(mesh.reads()), extent.requests, rounds)
        show("GET of one user", one, "µs CPU a request", n)
        many = compare(rivals(mesh.lists()), list_count(extent), rounds)
        show(f"list of {USERS} users", many, "µs CPU a request", n_lists)
    return [
        Figure("get_vs_envoy", one["ours"] / one["envoy"], 0.8, n),
        Figure("get_vs_envoy_same_work", one["ours"] / one["envoy, same work"], 0.9, n),
        Figure("get_vs_fastapi", one["ours"] / one["fastapi"], 0.3, n),
        Figure("list_vs_envoy", many["ours"] / many["envoy"], 0.9, n_lists),
        Figure("list_vs_envoy_same_work", many["ours"] / many["envoy, same work"], 0.9, n_lists),
    ]
