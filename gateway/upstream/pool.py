"""All upstreams, by the package or service that they answer for."""

from collections.abc import Mapping

from gateway.http.errors import UNIMPLEMENTED, StatusError, unavailable
from gateway.upstream.call import Upstream, UpstreamCall
from gateway.upstream.grpcio import GrpcioUpstream
from gateway.upstream.lean import HEALTH_PATH, SERVING, LeanUpstream

LEAN, GRPCIO = "lean", "grpcio"
HEALTH_CALL = UpstreamCall(HEALTH_PATH, b"", [], 1.0)


def make_upstream(name: str, target: str, transport: str = LEAN) -> Upstream:
    """Make the upstream at a target: one address, or several with commas between."""
    targets = target.split(",")
    if transport == GRPCIO:
        return GrpcioUpstream(name, targets)
    return LeanUpstream(name, targets)


class Upstreams:
    """The upstreams of all packages and services that have one.

    `targets` maps packages or services to addresses, with commas between them where several answer
    for the same. What has the same target is one upstream.
    """

    def __init__(
        self,
        targets: Mapping[str, str],
        transport: str = LEAN,
        before: "Upstreams | None" = None,
    ) -> None:
        """Take over the upstreams that `before` had too, connections and all."""
        owned: dict[str, list[str]] = {}
        for owner, target in sorted(targets.items()):
            owned.setdefault(target, []).append(owner)
        kept = before.all if before is not None else {}
        self._transport = transport
        self.all: dict[tuple[str, str], Upstream] = {}
        self._by_owner: dict[str, Upstream] = {}
        self._by_name: dict[str, Upstream] = {}
        for target, owners in owned.items():
            name = ", ".join(owners)
            upstream = kept.get((name, target)) or make_upstream(name, target, transport)
            self.all[name, target] = self._by_name[name] = upstream
            self._by_owner |= dict.fromkeys(owners, upstream)
        self.names = sorted(self._by_name)

    def with_targets(self, targets: Mapping[str, str]) -> "Upstreams":
        """Make the upstreams that take the place of these."""
        return Upstreams(targets, self._transport, self)

    def find_upstream(self, service: str) -> Upstream:
        """Find the upstream of a service, or else of its package.

        Raises:
            StatusError: 503, since no address was given for it.
        """
        upstream = self._by_owner.get(service)
        if upstream is None:
            package = service.rpartition(".")[0]
            upstream = self._by_owner.get(package)
            if upstream is None:
                raise unavailable(package or service)
        return upstream

    async def is_healthy(self, name: str) -> bool:
        """Ask for health. An upstream without that service counts by answering at all."""
        try:
            reply = await self._by_name[name].unary(HEALTH_CALL)
        except StatusError as error:
            return error.code == UNIMPLEMENTED
        return reply.content == SERVING

    async def close(self, *kept: "Upstreams") -> None:
        """Close the upstreams that none of `kept` has too."""
        for key, upstream in self.all.items():
            if not any(other.all.get(key) is upstream for other in kept):
                await upstream.close()
