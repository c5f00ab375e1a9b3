"""The pages, each at its own address."""

from dashboard.pages import (
    analytics,
    events,
    export,
    infrastructure,
    modules,
    overview,
    payments,
    signin,
    unhandled,
    users,
    verification,
)
from dashboard.parts.shell import House


def add_pages(house: House) -> None:
    """Adds all pages to the application."""
    for page in (
        overview,
        modules,
        infrastructure,
        events,
        export,
        unhandled,
        verification,
        payments,
        users,
        analytics,
        signin,
    ):
        page.add(house)
