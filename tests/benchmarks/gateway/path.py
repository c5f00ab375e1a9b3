"""CPU of the whole path of a read that PostgreSQL answers: ours beside the plain stack.

Ours is the gateway and the users room, with all that they do for a call. The plain stack is Envoy
and a grpc.aio server whose SQLAlchemy engine opens a transaction with `begin()`, on the same rows
of the same PostgreSQL; it checks no token and measures nothing. PostgreSQL itself is not counted.
"""

import httpx

from tests.benchmarks.figures import Extent, Figure, show
from tests.benchmarks.gateway.mesh import USERS, Mesh, list_count
from tests.benchmarks.load import LoadError
from tests.benchmarks.processes import program
from tests.benchmarks.rivals import Rival, compare


def measure(mesh: Mesh, extent: Extent) -> list[Figure]:
    database = mesh.users.environ()["DATABASE_URL"]
    with (
        program(mesh.folder, "plain_room", DATABASE_URL=database) as (room_port, room),
        mesh.envoy(f"127.0.0.1:{room_port}") as (port, envoy),
    ):
        check_same(mesh, port)

        def rivals(requests: list[bytes]) -> dict[str, Rival]:
            return {
                "gateway and room": Rival(mesh.port, (mesh.gateway.pid, mesh.users.pid), requests),
                "Envoy, grpc.aio, begin()": Rival(port, (envoy, room), requests),
            }

        count, rounds = extent.requests, extent.rounds
        one = compare(rivals(mesh.reads()), count, rounds)
        show("the whole path of one user", one, "µs CPU a request", rounds * count)
        count = list_count(extent)
        many = compare(rivals(mesh.lists()), count, rounds)
        show(f"the whole path of {USERS} users", many, "µs CPU a request", rounds * count)
    ours, plain = one.values()
    return [Figure("path_vs_plain", ours / plain, 0.4, rounds * extent.requests)]


def check_same(mesh: Mesh, port: int) -> None:
    """Holds both sides to one answer.

    Raises:
        LoadError: They answer differently.
    """
    headers = {"authorization": f"Bearer {mesh.token}"}
    for path in (f"/v1/{mesh.names[0]}", f"/v1/users?pageSize={USERS}"):
        ours, plain = (
            httpx.get(f"http://127.0.0.1:{each}{path}", headers=headers, trust_env=False)
            for each in (mesh.port, port)
        )
        if ours.raise_for_status().json() != plain.raise_for_status().json():
            raise LoadError(f"{path}: ours {ours.text}, plain {plain.text}")
