"""The canned servicer on bare grpc.aio.

python -m tests.benchmarks.gateway.programs.bare_service PORT asyncio|uvloop
"""

import asyncio
import sys

import grpc
import uvloop
from libral.users.v1 import users_pb2_grpc

from tests.benchmarks.gateway.programs.canned import CannedUsers


async def serve(port: int) -> None:
    server = grpc.aio.server()
    users_pb2_grpc.add_UserServiceServicer_to_server(CannedUsers(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    loops = {"asyncio": asyncio.run, "uvloop": uvloop.run}
    loops[sys.argv[2]](serve(int(sys.argv[1])))
