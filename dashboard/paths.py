"""The paths of the pages, and addresses with query parameters."""

from collections.abc import Mapping
from urllib.parse import urlencode

OVERVIEW = "/"
MODULES = "/modules"
INFRASTRUCTURE = "/infrastructure"
EVENTS = "/events"
EXPORT = "/events.csv"
DEAD_LETTERS = "/events/unhandled"
VERIFICATION = "/events/verification"
PAYMENTS = "/payments"
USERS = "/users"
ANALYTICS = "/analytics"
SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"


def address(path: str, query: Mapping[str, str]) -> str:
    """Return a path with those query parameters that are not empty."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
