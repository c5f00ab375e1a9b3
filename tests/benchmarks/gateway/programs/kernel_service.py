"""The canned servicer on the whole kernel. Its environment is that of a users service."""

from services.kernel.server import Kernel, ServiceDefinition, run
from tests.benchmarks.gateway.programs.canned import CannedUsers


async def build(_: Kernel) -> ServiceDefinition:
    return ServiceDefinition(services=[CannedUsers()])


if __name__ == "__main__":
    run("users", build)
