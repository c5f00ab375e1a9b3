"""Where an event leads: to the users, payments and modules that it names."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from dashboard import text
from dashboard.gateway import Json

RESOURCE = re.compile(r"(users|payments|modules)/([A-Za-z0-9_-]{1,64})")
PAGES = {"users": ("/users", "user"), "payments": ("/payments", "payment")}
KINDS = {"users": text.USER_LINK, "payments": text.PAYMENT_LINK, "modules": text.MODULE_LINK}
LINKS_MAX = 8


def links_of(event: Json) -> list[tuple[str, str]]:
    """Lists words and addresses, each once, of what subject, actor and data name."""
    found: dict[str, str] = {}
    for name in names_in([event.get("subject"), event.get("actor"), event.get("data")]):
        collection, _, one = name.partition("/")
        if collection == "users":
            found[f"/events?{urlencode({'user': name})}"] = text.USER_EVENTS_LINK.format(id=one)
        found[page_of(name)] = KINDS[collection].format(id=text.MODULE_NAMES.get(one, one))
        if len(found) >= LINKS_MAX:
            break
    return [(words, target) for target, words in found.items()]


def page_of(name: str) -> str:
    """Gives the address that opens a resource."""
    collection, _, one = name.partition("/")
    path, field = PAGES.get(collection, ("/modules", "module"))
    return f"{path}?{urlencode({field: one})}"


def names_in(value: Any) -> Iterator[str]:
    """Finds the texts in a value that are the name of a resource, and nothing else."""
    if isinstance(value, str) and RESOURCE.fullmatch(value):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from names_in(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from names_in(one)
