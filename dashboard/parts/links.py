"""Links from an event to the users, payments and modules in it."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from dashboard import paths, text
from dashboard.api.events import Event

RESOURCE = re.compile(r"(users|payments|modules)/([A-Za-z0-9_-]{1,64})")
PAGES = {
    "users": (paths.USERS, "user"),
    "payments": (paths.PAYMENTS, "payment"),
    "modules": (paths.MODULES, "module"),
}
WORDS = {
    "users": text.events.USER_LINK,
    "payments": text.events.PAYMENT_LINK,
    "modules": text.events.MODULE_LINK,
}
LINKS_MAX = 8


def links_of(event: Event) -> list[tuple[str, str]]:
    """Return texts and addresses of links for the names in subject, actor and data."""
    found: dict[str, str] = {}
    for name in names_in([event.subject, event.actor, event.data]):
        collection, _, one = name.partition("/")
        if collection == "users":
            target = f"{paths.EVENTS}?{urlencode({'user': name})}"
            found[target] = text.events.USER_EVENTS_LINK.format(id=one)
        words = WORDS[collection].format(id=text.common.MODULE_NAMES.get(one, one))
        found[address_of(name)] = words
        if len(found) >= LINKS_MAX:
            break
    return [(words, target) for target, words in found.items()]


def address_of(name: str) -> str:
    """Return the address that opens a resource."""
    collection, _, one = name.partition("/")
    path, field = PAGES[collection]
    return f"{path}?{urlencode({field: one})}"


def names_in(value: Any) -> Iterator[str]:
    """Yield the strings in a JSON value that are exactly the name of a resource."""
    if isinstance(value, str) and RESOURCE.fullmatch(value):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from names_in(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from names_in(one)
