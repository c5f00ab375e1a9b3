"""Texts of the page frame: page names, connection, sign-out."""

from dashboard.text import common

OVERVIEW = "概要"
MODULES = common.MODULE
INFRASTRUCTURE = "インフラ"
EVENTS = common.EVENT
DEAD_LETTERS = "未処理"
VERIFICATION = "ログ検証"
PAYMENTS = common.PAYMENT
USERS = common.USER
ANALYTICS = "API解析"
RECONNECTING = "再接続中…"
SIGN_OUT = "サインアウト"
