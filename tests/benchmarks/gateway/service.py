"""CPU of a service's server for a unary call: the whole kernel compared with bare grpc.aio.

All run the same servicer, which returns a user without a database. They differ in the server and in
the work around the call: the kernel checks the token and the policy, sets the deadline, measures,
reports and logs; bare grpc.aio does none of that. Both run on uvloop, which saves grpc.aio about 8
%. GetUser of the real users service is printed too: its difference to the kernel's row is the cost
of its SQL.
"""

import contextlib
from collections.abc import Callable, Iterator

import uvloop
from libral.users.v1 import users_pb2

from deploy.local import embedded
from deploy.local.home import free_port
from tests.benchmarks.figures import BenchmarkSize, Figure, measure_in_turns, print_figures
from tests.benchmarks.gateway.mesh import PACKAGE, BenchmarkMesh
from tests.benchmarks.load import call
from tests.benchmarks.processes import (
    PROGRAMS,
    cpu_seconds,
    python_command,
    running_process,
    running_program,
)

METHOD = f"/{PACKAGE}.UserService/GetUser"
DATABASE = "bench"
WARM_UP = 640


def measure(mesh: BenchmarkMesh, size: BenchmarkSize) -> list[Figure]:
    messages = [users_pb2.GetUserRequest(name=name).SerializeToString() for name in mesh.names]
    count = size.requests

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
        kernel_service(mesh, database, "native") as native,
        kernel_service(mesh, database, "grpcio") as grpcio,
        running_program(mesh.folder, "bare_service", "uvloop") as bare,
        running_program(mesh.folder, "bare_service", "asyncio") as plain,
    ):
        rivals = {
            "kernel": native,
            "kernel on grpc.aio": grpcio,
            "users service, with its SQL": (port_of(mesh), mesh.users.pid),
            "bare grpc.aio on uvloop": bare,
            "bare grpc.aio on asyncio": plain,
        }
        rounds = {name: make_round(*rival) for name, rival in rivals.items()}
        found = measure_in_turns(rounds, size.rounds)
    n = size.rounds * count
    print_figures("unary call of a service", found, "µs CPU a call", n)
    ratio = found["kernel"] / found["bare grpc.aio on uvloop"]
    return [Figure("room_vs_grpc_aio", ratio, 0.35, n)]


def port_of(mesh: BenchmarkMesh) -> int:
    return int(mesh.targets[PACKAGE].rpartition(":")[2])


def make_database(mesh: BenchmarkMesh) -> str:
    """Create a second database, because each database has exactly one relay."""
    url = mesh.users.environ()["DATABASE_URL"]
    embedded.run_statement(url, f"DROP DATABASE IF EXISTS {DATABASE}")
    embedded.run_statement(url, f"CREATE DATABASE {DATABASE}")
    return url.rpartition("/")[0] + f"/{DATABASE}"


@contextlib.contextmanager
def kernel_service(mesh: BenchmarkMesh, database: str, engine: str) -> Iterator[tuple[int, int]]:
    """Run the canned servicer as a users service with the mesh's keys and metrics service."""
    port = free_port(set())
    environment = mesh.users.environ() | {
        "DATABASE_URL": database,
        "LIBRAL_USERS_LISTEN": f"127.0.0.1:{port}",
        "LIBRAL_GRPC_ENGINE": engine,
    }
    command = python_command(f"{PROGRAMS}.kernel_service")
    with running_process(command, environment, mesh.folder, port) as process:
        yield port, process.pid
