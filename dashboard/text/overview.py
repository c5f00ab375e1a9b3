"""Texts of 概要: the tiles, the live events, the newest payments."""

from dashboard.text import common

ACTIVE_USERS = "アクティブユーザー"
ACTIVE_USERS_NOTE = common.LAST_5_MINUTES
REQUESTS = "APIリクエスト数／分"
LIVE_EVENTS = "リアルタイムイベント"
RECENT_PAYMENTS = "最近の決済"
SOURCES = {
    "host": "このマシン",
    "postgresql": common.POSTGRESQL,
    "cache": common.VALKEY,
    "users": common.MODULE_NAMES["users"],
    "gateway": common.GATEWAY,
}
