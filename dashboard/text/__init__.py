"""Every text that an operator reads: a module for each page, and those that several pages share.

A text is written once. A module that needs the same words refers to the constant of another one.
"""

from dashboard.text import (
    analytics,
    common,
    events,
    infrastructure,
    modules,
    navigation,
    overview,
    payments,
    sign_in,
    unhandled,
    users,
    verification,
)

__all__ = [
    "analytics",
    "common",
    "events",
    "infrastructure",
    "modules",
    "navigation",
    "overview",
    "payments",
    "sign_in",
    "unhandled",
    "users",
    "verification",
]
