"""The signing keys of user tokens, fetched from the method that publishes them."""

from google.protobuf import json_format

from gateway.http.errors import unavailable
from gateway.routing.routes import Route
from gateway.routing.table import RouteTable
from gateway.upstream import UpstreamCall, Upstreams
from services.common.tokens import Keys, read_key_set

PATH = "/.well-known/jwks.json"
SECONDS = 2.0


class KeyDocument:
    """The JSON Web Key Set (RFC 7517) at its well-known path."""

    def __init__(self, table: RouteTable, upstreams: Upstreams) -> None:
        self._route = find_key_route(table)
        self._upstreams = upstreams

    async def fetch(self) -> Keys:
        """Fetch the keys.

        Raises:
            StatusError: No method publishes keys, or its upstream is unavailable.
        """
        if self._route is None:
            raise unavailable(PATH)
        method = self._route.method
        call = UpstreamCall(method.path, b"", [], SECONDS)
        reply = await self._upstreams.find_upstream(method.service).unary(call)
        document = method.response_class.FromString(reply.content)
        return read_key_set(json_format.MessageToDict(document, preserving_proto_field_name=True))


def find_key_route(table: RouteTable) -> Route | None:
    for route in table.routes:
        if route.verb == "GET" and route.template.text == PATH:
            return route
    return None
