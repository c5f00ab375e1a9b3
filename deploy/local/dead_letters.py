"""Dead letters on the command line: calls to the gateway as the user admin."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

from deploy.local.home import Home
from deploy.local.programs import Plan, admin_password

TIMEOUT_SECONDS = 10
PAGE_SIZE = 200
ERROR_WIDTH = 60

Json = dict[str, Any]


class DeadLettersError(Exception):
    """The gateway refused the call or did not respond. The message is one line."""


class DeadLetters:
    """The dead letters of the mesh in a home."""

    def __init__(self, home: Home) -> None:
        self._url = Plan.load(home).gateway_url
        self._token = ""
        body = {"login": "admin", "password": admin_password(home)}
        self._token = str(self._call("POST", "/v1/auth:login", body)["accessToken"])

    def list_all(self) -> Iterator[Json]:
        """Yield all dead letters, newest first, page by page."""
        token = ""
        while True:
            query = urllib.parse.urlencode({"pageSize": PAGE_SIZE, "pageToken": token})
            page = self._call("GET", f"/v1/deadLetters?{query}")
            yield from page.get("deadLetters", [])
            token = page.get("nextPageToken", "")
            if not token:
                return

    def request_action(self, action: str, name: str) -> Json:
        """Request `retry` or `discard` of a dead letter. Return its new state."""
        path = urllib.parse.quote(name if "/" in name else f"deadLetters/{name}")
        return self._call("POST", f"/v1/{path}:{action}", {})

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        headers = {"content-type": "application/json"}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(  # noqa: S310 - our own http:// URL
            self._url + path,
            method=method,
            headers=headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                content: Json = json.load(response)
                return content
        except urllib.error.HTTPError as error:
            raise DeadLettersError(read_error_message(error)) from None
        except OSError as error:
            raise DeadLettersError(f"The gateway {self._url} does not respond: {error}") from None


def read_error_message(error: urllib.error.HTTPError) -> str:
    """Return the message of an error response."""
    try:
        return str(json.load(error)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.code}"


def format_dead_letter(dead_letter: Json) -> str:
    """Return one line with name, state, event type, number of tries, and error."""
    event_type = dead_letter.get("event", {}).get("type", "(no longer kept)")
    error = str(dead_letter.get("error", ""))[:ERROR_WIDTH]
    name = str(dead_letter["name"]).removeprefix("deadLetters/")
    state, tries = dead_letter["state"], dead_letter.get("tries", 0)
    return f"{name:24} {state:10} {event_type:28} {tries} tries  {error}"
