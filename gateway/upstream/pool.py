"""All upstreams, by the package or service that they serve."""

from collections.abc import Mapping

from gateway.http.errors import UNIMPLEMENTED, StatusError, unavailable
from gateway.upstream.call import Upstream, UpstreamCall
from gateway.upstream.grpcio import GrpcioUpstream
from gateway.upstream.lean import HEALTH_PATH, SERVING, LeanUpstream

LEAN, GRPCIO = "lean", "grpcio"
HEALTH_CALL = UpstreamCall(HEALTH_PATH, b"", [], 1.0)


def make_upstream(name: str, target: str, transport: str = LEAN) -> Upstream:
    """Return the upstream at a target: one address, or several joined by commas."""
    targets = target.split(",")
    if transport == GRPCIO:
        return GrpcioUpstream(name, targets)
    return LeanUpstream(name, targets)


class Upstreams:
    """The upstreams of packages and services.

    `targets` maps packages or services to addresses, joined by commas where several serve the same.
    Equal
    targets share one upstream.
    """

    def __init__(
        self,
        targets: Mapping[str, str],
        transport: str = LEAN,
        before: "Upstreams | None" = None,
    ) -> None:
        """Reuse the upstreams that `before` has too, with their connections."""
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
        """Return the upstreams that replace these."""
        return Upstreams(targets, self._transport, self)

    def find_upstream(self, service: str) -> Upstream:
        """Return the upstream of a service, or else of its package.

        Raises:
            StatusError: 503, no address is configured for it.
        """
        upstream = self._by_owner.get(service)
        if upstream is None:
            package = service.rpartition(".")[0]
            upstream = self._by_owner.get(package)
            if upstream is None:
                raise unavailable(package or service)
        return upstream

    async def is_healthy(self, name: str) -> bool:
        """True if an upstream is serving. Without a health service any response counts."""
        try:
            reply = await self._by_name[name].unary(HEALTH_CALL)
        except StatusError as error:
            return error.code == UNIMPLEMENTED
        return reply.content == SERVING

    async def close(self, *kept: "Upstreams") -> None:
        """Close the upstreams that none of `kept` shares."""
        for key, upstream in self.all.items():
            if not any(other.all.get(key) is upstream for other in kept):
                await upstream.close()
