"""All texts for operators: a module for each page, and those that several pages share.

Each text is written once. Other modules refer to its constant.
"""

from dashboard.text import (
    analytics,
    common,
    dead_letters,
    events,
    infrastructure,
    modules,
    navigation,
    overview,
    payments,
    sign_in,
    users,
    verification,
)

__all__ = [
    "analytics",
    "common",
    "dead_letters",
    "events",
    "infrastructure",
    "modules",
    "navigation",
    "overview",
    "payments",
    "sign_in",
    "users",
    "verification",
]
