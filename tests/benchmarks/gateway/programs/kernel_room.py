"""The canned servicer as a room, with the whole kernel. Its environment is that of a users room."""

from libral.users.v1 import users_pb2_grpc

from services.kernel.server import Kernel, Room, run
from tests.benchmarks.gateway.programs.canned import CannedUsers


async def build(_: Kernel) -> Room:
    def register(server):
        users_pb2_grpc.add_UserServiceServicer_to_server(CannedUsers(), server)

    return Room(services={"libral.users.v1.UserService": register})


if __name__ == "__main__":
    run("users", build)
