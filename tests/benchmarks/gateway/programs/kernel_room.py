"""The canned servicer as a room, with the whole kernel. Its environment is that of a users room."""

from services.kernel.server import Kernel, Room, run
from tests.benchmarks.gateway.programs.canned import CannedUsers


async def build(_: Kernel) -> Room:
    return Room(services=[CannedUsers()])


if __name__ == "__main__":
    run("users", build)
