"""Texts of ユーザー: counts, columns and states."""

from dashboard.text import common, events, sign_in

ID = events.USER_ID
NAME = "名前"
LOGIN = sign_in.USER_NAME
TELEGRAM_ID = "Telegram ID"
ROLES = "ロール"
LAST_SEEN = "最終アクセス"
CREATED = "登録日時"
TOTAL = "総ユーザー数"
ACTIVE_5M = "アクティブ（5分）"
ACTIVE_24H = "アクティブ（24時間）"
NEW_TODAY = "本日の新規"
NO_USERS = "条件に合うユーザーはいません。"
STATES = {
    "ACTIVE": common.ENABLED,
    "SUSPENDED": "利用停止",
    "DELETED": "削除済み",
}
