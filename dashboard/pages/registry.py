"""The list of all pages, and of the metrics shown in their tiles."""

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
"""The metrics of all tiles."""


def add_pages(app: AppContext) -> None:
    """Register all pages."""
    for page in PAGES:
        page.add_to(app)
    export.add_export(app)
    sign_in.add_sign_in_page()
