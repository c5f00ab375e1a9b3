"""Dead letters from the command line, through the gateway, as the user admin."""

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


class LettersError(Exception):
    """The gateway refuses or is away. The message is one line."""


class Letters:
    """The dead letters of the mesh in a home."""

    def __init__(self, home: Home) -> None:
        self._url = Plan.of(home).gateway_url
        self._token = ""
        body = {"login": "admin", "password": admin_password(home)}
        self._token = str(self._call("POST", "/v1/auth:login", body)["accessToken"])

    def list(self) -> Iterator[Json]:
        """Gives all dead letters, the newest first, page by page."""
        token = ""
        while True:
            query = urllib.parse.urlencode({"pageSize": PAGE_SIZE, "pageToken": token})
            page = self._call("GET", f"/v1/deadLetters?{query}")
            yield from page.get("deadLetters", [])
            token = page.get("nextPageToken", "")
            if not token:
                return

    def ask(self, verb: str, name: str) -> Json:
        """Asks for `retry` or `discard` of a letter."""
        path = urllib.parse.quote(name if "/" in name else f"deadLetters/{name}")
        return self._call("POST", f"/v1/{path}:{verb}", {})

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
            with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                content: Json = json.load(answer)
                return content
        except urllib.error.HTTPError as error:
            raise LettersError(told(error)) from None
        except OSError as error:
            raise LettersError(f"The gateway {self._url} does not answer: {error}") from None


def told(error: urllib.error.HTTPError) -> str:
    """The message of an answer that is an error."""
    try:
        return str(json.load(error)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.code}"


def describe(letter: Json) -> str:
    """A line about a letter: name, state, event type, tries, error."""
    event_type = letter.get("event", {}).get("type", "(no longer kept)")
    error = str(letter.get("error", ""))[:ERROR_WIDTH]
    name = str(letter["name"]).removeprefix("deadLetters/")
    return f"{name:24} {letter['state']:10} {event_type:28} {letter.get('tries', 0)} tries  {error}"
