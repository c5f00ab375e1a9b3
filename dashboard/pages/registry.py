"""The list of all pages, and of the metrics shown in their tiles."""

from dashboard.context import AppContext
from dashboard.pages import (
    analytics,
    dead_letters,
    events,
    export,
    infrastructure,
    modules,
    overview,
    payments,
    sign_in,
    users,
    verification,
)

PAGES = (
    overview.overview,
    modules.modules,
    infrastructure.infrastructure,
    events.events,
    dead_letters.dead_letters,
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
