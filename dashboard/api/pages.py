"""One page of a list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from dashboard.api.fields import Json, read_messages, read_string

Item = TypeVar("Item")


@dataclass(frozen=True)
class ListPage(Generic[Item]):
    """Items of one page of a list. An empty `next_page_token` marks the last page."""

    items: Sequence[Item]
    next_page_token: str = ""


def parse_page(found: Json, name: str, parse: Callable[[Json], Item]) -> ListPage[Item]:
    """Parse the page whose items are in the field `name`."""
    items = [parse(one) for one in read_messages(found, name)]
    return ListPage(items, read_string(found, "nextPageToken"))
