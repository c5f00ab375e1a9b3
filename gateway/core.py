"""What every kind of request is served with."""

from dataclasses import dataclass

from gateway.auth import Authenticator, KeyRing
from gateway.codec import Codec
from gateway.cors import Cors
from gateway.descriptors import Contracts
from gateway.errors import Renderer
from gateway.feed import Feeds
from gateway.flights import Flights
from gateway.keys import KeyDocument
from gateway.routes import Table
from gateway.telemetry import Meter
from gateway.upstream import Upstreams


@dataclass(frozen=True)
class Core:
    """The parts of a gateway that serves one descriptor set."""

    contracts: Contracts
    table: Table
    upstreams: Upstreams
    codec: Codec
    renderer: Renderer
    authenticator: Authenticator
    feeds: Feeds
    flights: Flights
    cors: Cors
    meter: Meter

    @classmethod
    def make(
        cls,
        contracts: Contracts,
        table: Table,
        upstreams: Upstreams,
        cors_origins: frozenset[str] = frozenset(),
    ) -> "Core":
        return cls(
            contracts=contracts,
            table=table,
            upstreams=upstreams,
            codec=Codec(contracts.pool),
            renderer=Renderer(contracts.pool),
            authenticator=Authenticator(KeyRing(KeyDocument(table, upstreams).fetch)),
            feeds=Feeds(upstreams),
            flights=Flights(),
            cors=Cors(cors_origins),
            meter=Meter(),
        )
