"""What every kind of request is served with."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.auth.auth import Authenticator, OpenDoor
from gateway.auth.keys import KeyDocument
from gateway.codec import Codec, Options
from gateway.contracts.descriptors import Contracts
from gateway.http.cors import Cors
from gateway.http.errors import Renderer
from gateway.routing.table import Table
from gateway.streams.singleflight import Flights
from gateway.streams.subscription import Feeds
from gateway.telemetry.metrics import RequestMeter
from gateway.upstream import Upstreams
from services.common.tokens import KeyRing


@dataclass(frozen=True)
class Core:
    """The parts of a gateway that serves one descriptor set."""

    contracts: Contracts
    table: Table
    upstreams: Upstreams
    codec: Codec
    renderer: Renderer
    authenticator: Authenticator | OpenDoor
    feeds: Feeds
    flights: Flights
    cors: Cors
    meter: RequestMeter

    @classmethod
    def make(
        cls,
        contracts: Contracts,
        table: Table,
        upstreams: Upstreams,
        cors_origins: frozenset[str] = frozenset(),
        *,
        auth: bool = True,
        json: Options | None = None,
    ) -> "Core":
        keys = KeyRing(KeyDocument(table, upstreams).fetch)
        return cls(
            contracts=contracts,
            table=table,
            upstreams=upstreams,
            codec=Codec(contracts.pool, json),
            renderer=Renderer(contracts.pool),
            authenticator=Authenticator(keys) if auth else OpenDoor(),
            feeds=Feeds(upstreams),
            flights=Flights(),
            cors=Cors(cors_origins),
            meter=RequestMeter(),
        )

    def renewed(self, contracts: Contracts, table: Table, targets: Mapping[str, str]) -> "Core":
        """Makes the core of another descriptor set that takes the place of this one.

        The meter, the memory of callers and the connections to upstreams that
        stay go on.
        """
        upstreams = self.upstreams.renewed(targets)
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
            feeds=Feeds(upstreams),
        )
