"""Texts that several pages share: names, empty states, buttons, paging, ages."""

PRODUCT = "Libral Core"
NO_DATA = "データなし"
NONE = "—"
ALL = "すべて"
LOADING = "読み込み中…"
UNKNOWN = "不明"
ERROR = "エラー"
ENABLED = "有効"
NOT_CONFIGURED = "未設定"

# Things
USER = "ユーザー"
PAYMENT = "決済"
MODULE = "モジュール"
EVENT = "イベント"
TELEGRAM = "Telegram"
POSTGRESQL = "PostgreSQL"
VALKEY = "Valkey"
GATEWAY = "ゲートウェイ"
MODULE_NAMES = {
    "users": "ユーザーサービス",
    "payments": "決済サービス",
    "events": "イベントサービス",
    "metrics": "メトリクスサービス",
    "telegram": "Telegramサービス",
    "gateway": GATEWAY,
    "dashboard": "ダッシュボード",
    "postgres": "データベース",
    "valkey": "キャッシュ",
}

# Columns and facts
STATE = "状態"
TIME = "日時"
POSITION = "番号"
VERSION = "バージョン"
UPTIME = "連続稼働時間"
LATENCY = "応答時間"
LAG = "遅延"
LAST_CHECK = "最終確認"
DETAIL = "詳細"
COUNT = "{count}件"
ROLE_NAMES = {
    "USER": USER,
    "CREATOR": "クリエイター",
    "STREAMER": "配信者",
    "VIEWER": "閲覧者",
    "OPERATOR": "運用担当者",
    "ADMIN": "管理者",
}

# Errors
GATEWAY_AWAY = "ゲートウェイが応答していません。"
FAILED = "処理に失敗しました。"
NO_CONTROL = "閲覧のみの権限では操作できません。"

# Connections
CONNECTED = "接続中"
UNREACHABLE = "接続できません"

# Buttons and filters
SEARCH = "検索"
CANCEL = "キャンセル"
CLOSE = "閉じる"
SHOW_ALL = "すべて表示"
COPY = "コピー"
COPIED = "コピーしました。"
COPY_FAILED = "コピーできませんでした。ブラウザーが許可していません。"

# Paging
NEXT = "次のページ"
FIRST = "最初のページ"

# Ages and durations
LAST_5_MINUTES = "直近5分"
LAST_HOUR = "直近1時間"
LAST_DAY = "直近24時間"
JUST_NOW = "たった今"
SECONDS_AGO = "{n}秒前"
MINUTES_AGO = "{n}分前"
HOURS_AGO = "{n}時間前"
DAYS_AGO = "{n}日前"
DAYS = "{n}日"
HOURS = "{n}時間"
MINUTES = "{n}分"
SECONDS = "{n}秒"
