"""Cross-origin requests, which browsers refuse unless an origin is configured."""

from gateway.http.messages import Request, Response

MAX_AGE_SECONDS = 600
# The star covers metadata of upstreams, whose names are unknown here.
EXPOSED = "x-request-id, retry-after, etag, *"

Headers = list[tuple[bytes, bytes]]


class CorsPolicy:
    """The origins that may read responses."""

    def __init__(self, origins: frozenset[str]) -> None:
        self._origins = origins

    def cors_headers(self, request: Request) -> Headers:
        """Return the headers to add to the response to a request."""
        if not self._origins:
            return []
        vary = [(b"vary", b"origin")]
        origin = request.headers.get("origin", "")
        if origin not in self._origins:
            return vary
        return [
            *vary,
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", EXPOSED.encode()),
        ]

    def preflight(self, request: Request, allowed: str) -> Response | None:
        """Return the response to a preflight from an allowed origin, or None for other requests."""
        asked = request.headers.get("access-control-request-method")
        if asked is None or request.headers.get("origin", "") not in self._origins:
            return None
        headers = [
            ("allow", allowed),
            ("access-control-allow-methods", allowed),
            ("access-control-max-age", str(MAX_AGE_SECONDS)),
        ]
        wanted = request.headers.get("access-control-request-headers")
        if wanted and wanted.isascii() and wanted.isprintable():
            headers.append(("access-control-allow-headers", wanted))
        return Response(204, content_type="", headers=headers)
