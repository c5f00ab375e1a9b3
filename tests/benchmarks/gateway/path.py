"""CPU of the whole path of a read that PostgreSQL answers, compared with a plain stack.

Ours is the gateway and the users service, with everything that they do for a call. The plain stack
is Envoy and a grpc.aio server whose SQLAlchemy engine opens a transaction with `begin()`, on the
same rows of the same PostgreSQL, without token checks and metrics. PostgreSQL itself is not
counted.
"""

import httpx

from tests.benchmarks.figures import BenchmarkSize, Figure, print_figures
from tests.benchmarks.gateway.mesh import USERS, BenchmarkMesh, list_count
from tests.benchmarks.load import LoadError
from tests.benchmarks.processes import running_program
from tests.benchmarks.rivals import Rival, compare


def measure(mesh: BenchmarkMesh, size: BenchmarkSize) -> list[Figure]:
    database = mesh.users.environ()["DATABASE_URL"]
    with (
        running_program(mesh.folder, "plain_service", DATABASE_URL=database) as (
            service_port,
            service,
        ),
        mesh.envoy(f"127.0.0.1:{service_port}") as (port, envoy),
    ):
        check_same_responses(mesh, port)

        def rivals(requests: list[bytes]) -> dict[str, Rival]:
            return {
                "gateway and service": Rival(
                    mesh.port, (mesh.gateway.pid, mesh.users.pid), requests
                ),
                "Envoy, grpc.aio, begin()": Rival(port, (envoy, service), requests),
            }

        count, rounds = size.requests, size.rounds
        one = compare(rivals(mesh.reads()), count, rounds)
        print_figures("the whole path of one user", one, "µs CPU a request", rounds * count)
        count = list_count(size)
        many = compare(rivals(mesh.lists()), count, rounds)
        print_figures(f"the whole path of {USERS} users", many, "µs CPU a request", rounds * count)
    ours, plain = one.values()
    return [Figure("path_vs_plain", ours / plain, 0.4, rounds * size.requests)]


def check_same_responses(mesh: BenchmarkMesh, port: int) -> None:
    """Check that both sides return the same response.

    Raises:
        LoadError: The responses differ.
    """
    headers = {"authorization": f"Bearer {mesh.token}"}
    for path in (f"/v1/{mesh.names[0]}", f"/v1/users?pageSize={USERS}"):
        ours, plain = (
            httpx.get(f"http://127.0.0.1:{each}{path}", headers=headers, trust_env=False)
            for each in (mesh.port, port)
        )
        if ours.raise_for_status().json() != plain.raise_for_status().json():
            raise LoadError(f"{path}: ours {ours.text}, plain {plain.text}")
