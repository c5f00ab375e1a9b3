"""CPU of a room's server for a unary call: the whole kernel beside bare grpc.aio.

All serve one servicer, which builds a user and asks no database; so what differs is the server
and what surrounds the call. The kernel's side checks the token and the policy, sets the deadline,
measures, reports and logs; the bare side does nothing of that. Both run on uvloop, which spares
grpc.aio some 8 %. That GetUser of the users room itself, which asks PostgreSQL, is shown beside:
the difference to the kernel's row is what its SQL costs.
"""

import contextlib
from collections.abc import Callable, Iterator

import uvloop
from libral.users.v1 import users_pb2

from deploy.local import embedded
from deploy.local.home import free_port
from tests.benchmarks.figures import Extent, Figure, in_turns, show
from tests.benchmarks.gateway.mesh import PACKAGE, Mesh
from tests.benchmarks.load import call
from tests.benchmarks.processes import PROGRAMS, cpu_seconds, program, python, running

METHOD = f"/{PACKAGE}.UserService/GetUser"
DATABASE = "bench"
WARM_UP = 640


def measure(mesh: Mesh, extent: Extent) -> list[Figure]:
    messages = [users_pb2.GetUserRequest(name=name).SerializeToString() for name in mesh.names]
    count = extent.requests

    def make_round(port: int, pid: int) -> Callable[[], float]:
        def run() -> float:
            before = cpu_seconds(pid)
            uvloop.run(call(f"127.0.0.1:{port}", METHOD, messages, mesh.token, count))
            return (cpu_seconds(pid) - before) / count * 1e6

        target = f"127.0.0.1:{port}"
        uvloop.run(call(target, METHOD, messages, mesh.token, WARM_UP))
        return run

    database = make_database(mesh)
    with (
        kernel_room(mesh, database, "native") as native,
        kernel_room(mesh, database, "grpcio") as grpcio,
        program(mesh.folder, "bare_room", "uvloop") as bare,
        program(mesh.folder, "bare_room", "asyncio") as plain,
    ):
        rivals = {
            "kernel": native,
            "kernel on grpc.aio": grpcio,
            "users room, with its SQL": (port_of(mesh), mesh.users.pid),
            "bare grpc.aio on uvloop": bare,
            "bare grpc.aio on asyncio": plain,
        }
        rounds = {name: make_round(*rival) for name, rival in rivals.items()}
        found = in_turns(rounds, extent.rounds)
    n = extent.rounds * count
    show("a room's unary call", found, "µs CPU a call", n)
    ratio = found["kernel"] / found["bare grpc.aio on uvloop"]
    return [Figure("room_vs_grpc_aio", ratio, 0.35, n)]


def port_of(mesh: Mesh) -> int:
    return int(mesh.targets[PACKAGE].rpartition(":")[2])


def make_database(mesh: Mesh) -> str:
    """Makes a database beside that of the mesh, so that its relay stays the only one there."""
    url = mesh.users.environ()["DATABASE_URL"]
    embedded.run_statement(url, f"DROP DATABASE IF EXISTS {DATABASE}")
    embedded.run_statement(url, f"CREATE DATABASE {DATABASE}")
    return url.rpartition("/")[0] + f"/{DATABASE}"


@contextlib.contextmanager
def kernel_room(mesh: Mesh, database: str, engine: str) -> Iterator[tuple[int, int]]:
    """Runs the canned servicer as a room of the mesh: its keys, its metrics room, its users."""
    port = free_port(set())
    environment = mesh.users.environ() | {
        "DATABASE_URL": database,
        "LIBRAL_USERS_LISTEN": f"127.0.0.1:{port}",
        "LIBRAL_GRPC_ENGINE": engine,
    }
    command = python(f"{PROGRAMS}.kernel_room")
    with running(command, environment, mesh.folder, port) as process:
        yield port, process.pid
