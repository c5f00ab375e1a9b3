"""The keys of users' tokens, asked of the method that publishes them."""

import base64
import binascii
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.auth.auth import Keys
from gateway.http.errors import unavailable
from gateway.routing.routes import Route
from gateway.routing.table import Table
from gateway.upstream import Call, Upstreams

PATH = "/.well-known/jwks.json"
SECONDS = 2.0


class KeyDocument:
    """The JSON Web Key Set (RFC 7517) at its well-known path."""

    def __init__(self, table: Table, upstreams: Upstreams) -> None:
        self._route = find_route(table)
        self._upstreams = upstreams

    async def fetch(self) -> Keys:
        """Fetches the keys.

        Raises:
            StatusError: Nobody publishes keys, or who does is away.
        """
        if self._route is None:
            raise unavailable(PATH)
        method = self._route.method
        call = Call(method.path, b"", [], SECONDS)
        reply = await self._upstreams.of(method.service).unary(call)
        return read_keys(method.response_class.FromString(reply.content))


def find_route(table: Table) -> Route | None:
    for route in table.routes:
        if route.verb == "GET" and route.template.text == PATH:
            return route
    return None


def read_keys(document: Any) -> Keys:
    """Reads the Ed25519 keys (RFC 8037) of a key set; others are of no use here."""
    keys: dict[str, Ed25519PublicKey] = {}
    for entry in document.keys:
        if entry.kty == "OKP" and entry.crv == "Ed25519":
            padded = entry.x + "=" * (-len(entry.x) % 4)
            try:
                raw = base64.urlsafe_b64decode(padded)
                keys[entry.kid] = Ed25519PublicKey.from_public_bytes(raw)
            except (binascii.Error, ValueError):
                continue
    return keys
