"""The gateway context: the parts that all requests share."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.auth.auth import Authenticator, NoAuth
from gateway.auth.keys import KeyDocument
from gateway.codec import Codec, JsonOptions
from gateway.contracts.descriptors import Contracts
from gateway.http.cors import CorsPolicy
from gateway.http.errors import Renderer
from gateway.routing.table import RouteTable
from gateway.streams.coalescing import RequestCoalescer
from gateway.streams.subscription import StreamSubscriptions
from gateway.telemetry.metrics import RequestMeter
from gateway.upstream import Upstreams
from services.common.tokens import KeyRing


@dataclass(frozen=True)
class GatewayContext:
    """The parts of a gateway that serves one descriptor set."""

    contracts: Contracts
    table: RouteTable
    upstreams: Upstreams
    codec: Codec
    renderer: Renderer
    authenticator: Authenticator | NoAuth
    subscriptions: StreamSubscriptions
    coalescer: RequestCoalescer
    cors: CorsPolicy
    meter: RequestMeter

    @classmethod
    def make(
        cls,
        contracts: Contracts,
        table: RouteTable,
        upstreams: Upstreams,
        cors_origins: frozenset[str] = frozenset(),
        *,
        auth: bool = True,
        json: JsonOptions | None = None,
    ) -> "GatewayContext":
        keys = KeyRing(KeyDocument(table, upstreams).fetch)
        return cls(
            contracts=contracts,
            table=table,
            upstreams=upstreams,
            codec=Codec(contracts.pool, json),
            renderer=Renderer(contracts.pool),
            authenticator=Authenticator(keys) if auth else NoAuth(),
            subscriptions=StreamSubscriptions(upstreams),
            coalescer=RequestCoalescer(),
            cors=CorsPolicy(cors_origins),
            meter=RequestMeter(),
        )

    def with_contracts(
        self, contracts: Contracts, table: RouteTable, targets: Mapping[str, str]
    ) -> "GatewayContext":
        """Return the context of another descriptor set that replaces this one.

        The meter, the cache of callers and the connections to unchanged upstreams are kept.
        """
        upstreams = self.upstreams.with_targets(targets)
        authenticator = self.authenticator
        if isinstance(authenticator, Authenticator):
            authenticator = authenticator.with_fetch(KeyDocument(table, upstreams).fetch)
        return dataclasses.replace(
            self,
            contracts=contracts,
            table=table,
            upstreams=upstreams,
            codec=Codec(contracts.pool, self.codec.options),
            renderer=Renderer(contracts.pool),
            authenticator=authenticator,
            subscriptions=StreamSubscriptions(upstreams),
        )
