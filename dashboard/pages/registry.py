"""The list of all pages, and of the metrics that their tiles follow."""

from dashboard.context import AppContext
from dashboard.pages import (
    analytics,
    events,
    export,
    infrastructure,
    modules,
    overview,
    payments,
    sign_in,
    unhandled,
    users,
    verification,
)

PAGES = (
    overview.overview,
    modules.modules,
    infrastructure.infrastructure,
    events.events,
    unhandled.unhandled,
    verification.verification,
    payments.payments,
    users.users,
    analytics.analytics,
)
METRICS = tuple(tile.metric for tile in overview.TILES)
"""The metrics that tiles follow."""


def add_pages(app: AppContext) -> None:
    """Add all pages to the application."""
    for page in PAGES:
        page.add_to(app)
    export.add_to(app)
    sign_in.add()
