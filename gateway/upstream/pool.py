"""All upstreams, by the package that they answer for."""

from collections.abc import Mapping

from gateway.errors import UNIMPLEMENTED, StatusError, unavailable
from gateway.upstream.call import Call, Upstream
from gateway.upstream.grpcio import GrpcioUpstream
from gateway.upstream.lean import HEALTH_PATH, SERVING, LeanUpstream

LEAN, GRPCIO = "lean", "grpcio"
HEALTH_CALL = Call(HEALTH_PATH, b"", [], 1.0)


def make_upstream(name: str, target: str, transport: str = LEAN) -> Upstream:
    """Makes the upstream at a target: one address, or several with commas between."""
    targets = target.split(",")
    if transport == GRPCIO:
        return GrpcioUpstream(name, targets[0])
    return LeanUpstream(name, targets)


class Upstreams:
    """The upstreams of all packages that have one."""

    def __init__(self, targets: Mapping[str, str], transport: str = LEAN) -> None:
        self._known = {
            package: make_upstream(package, target, transport)
            for package, target in targets.items()
        }
        self.names = sorted(self._known)

    def of(self, package: str) -> Upstream:
        """Finds the upstream of a package.

        Raises:
            StatusError: 503, since no address was given for it.
        """
        upstream = self._known.get(package)
        if upstream is None:
            raise unavailable(package)
        return upstream

    async def healthy(self, package: str) -> bool:
        """Asks for health. An upstream without that service counts by answering at all."""
        try:
            reply = await self._known[package].unary(HEALTH_CALL)
        except StatusError as error:
            return error.code == UNIMPLEMENTED
        return reply.content == SERVING

    async def close(self) -> None:
        for upstream in self._known.values():
            await upstream.close()
