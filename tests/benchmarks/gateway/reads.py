"""CPU per request of the gateway, two Envoys and a plain FastAPI gateway with one service.

The gateway verifies the token, enforces the rule, sets the deadline, measures and logs every
request. One Envoy does the same (`same_work`); the other Envoy and FastAPI leave admission to the
service and log nothing. Concurrent requests differ, so none are coalesced.
"""

from tests.benchmarks.figures import BenchmarkSize, Figure, print_figures
from tests.benchmarks.gateway.admission import working_envoy
from tests.benchmarks.gateway.mesh import PACKAGE, USERS, BenchmarkMesh, list_count
from tests.benchmarks.processes import running_program
from tests.benchmarks.rivals import Rival, compare


def measure(mesh: BenchmarkMesh, size: BenchmarkSize) -> list[Figure]:
    with (
        mesh.envoy() as envoy,
        working_envoy(mesh) as same_work,
        running_program(mesh.folder, "plain_gateway", mesh.targets[PACKAGE]) as fastapi,
    ):
        servers = {
            "ours": (mesh.port, mesh.gateway.pid),
            "envoy": envoy,
            "envoy, same work": same_work,
            "fastapi": fastapi,
        }

        def rivals(requests: list[bytes]) -> dict[str, Rival]:
            return {name: Rival(port, (pid,), requests) for name, (port, pid) in servers.items()}

        rounds = size.rounds
        n, n_lists = rounds * size.requests, rounds * list_count(size)
        one = compare(rivals(mesh.reads()), size.requests, rounds)
        print_figures("GET of one user", one, "µs CPU a request", n)
        many = compare(rivals(mesh.lists()), list_count(size), rounds)
        print_figures(f"list of {USERS} users", many, "µs CPU a request", n_lists)
    return [
        Figure("get_vs_envoy", one["ours"] / one["envoy"], 0.8, n),
        Figure("get_vs_envoy_same_work", one["ours"] / one["envoy, same work"], 0.9, n),
        Figure("get_vs_fastapi", one["ours"] / one["fastapi"], 0.3, n),
        Figure("list_vs_envoy", many["ours"] / many["envoy"], 0.9, n_lists),
        Figure("list_vs_envoy_same_work", many["ours"] / many["envoy, same work"], 0.9, n_lists),
    ]
