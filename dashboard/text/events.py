"""Texts of イベント: filters, columns, event types, audited methods, and the export."""

from dashboard.text import common, navigation, sign_in

# Filters and the list
CATEGORY = "分類"
LEVEL = "レベル"
SOURCE = "発生元"
TYPE = "種類"
SUBJECT = "対象"
ACTOR = "操作者"
USER_ID = "ユーザーID"
FROM = "開始日時"
TO = "終了日時"
NO_FILTERS = "絞り込み解除"
PAUSE = "一時停止"
RESUME = "再開"
WAITING = "待機中 {count}件"
PAST_PAGE = "過去のイベントです。新しいイベントは表示されません。"
SEARCH_ON = "続きを検索"
SEARCH_ON_FROM = "続きを検索（{time}まで検索済み）"
NO_EVENTS = "条件に合うイベントはありません。"
HEAD = "累計イベント数"
LAST_HOUR_COUNT = common.LAST_HOUR
LAST_DAY_COUNT = common.LAST_DAY
ERRORS_DAY = "エラー（24時間）"

# One event
DATA = "データ"
APPEND_TIME = "記録日時"
REQUEST_ID = "リクエストID"
EVENT_ID = "イベントID"
CUT = "…（残り{count}文字）"
USER_LINK = "ユーザー {id}"
USER_EVENTS_LINK = "ユーザー {id} のイベント"
PAYMENT_LINK = "決済 {id}"
MODULE_LINK = "モジュール {id}"

# Values
CATEGORIES = {
    "SYSTEM": "システム",
    "USER": common.USER,
    "PAYMENT": common.PAYMENT,
    "API": "API",
    "TELEGRAM": common.TELEGRAM,
    "MODULE": common.MODULE,
    "AUDIT": "監査",
}
LEVELS = {"DEBUG": "デバッグ", "INFO": "情報", "WARNING": "警告", "ERROR": common.ERROR}
MIN_LEVELS = {
    "INFO": "情報以上",
    "WARNING": "警告以上",
    "ERROR": "エラーのみ",
}
AUDIT = {
    "code": "結果コード",
    "reason": "理由",
    "address": "接続元",
    "session": "セッション",
}
TYPES = {
    "user.registered": "ユーザー登録",
    "user.created": "ユーザー作成",
    "user.updated": "ユーザー更新",
    "user.deleted": "ユーザー削除",
    "session.created": sign_in.SIGN_IN,
    "session.deleted": navigation.SIGN_OUT,
    "payment.completed": "決済完了",
    "payment.refunded": "返金完了",
    "telegram.failed": "Telegramの受信処理失敗",
    "module.state_changed": "稼働状態の変化",
    "incident.opened": "インシデント発生",
    "incident.resolved": "インシデント復旧",
    "audit.call": "操作の記録",
    "outbox.refused": "送信できないイベントの隔離",
    "reaction.buried": "イベントの処理失敗",
    "reaction.recovered": "未処理イベントの再試行成功",
    "reaction.retry_failed": "未処理イベントの再試行失敗",
    "reaction.discarded": "未処理イベントの破棄",
    "reaction.retry_requested": "未処理イベントの再試行要求",
    "reaction.discard_requested": "未処理イベントの破棄要求",
}
METHODS = {
    "Login": sign_in.SIGN_IN,
    "LoginWithTelegram": "Telegramでのサインイン",
    "Logout": navigation.SIGN_OUT,
    "DeleteSession": "セッションの終了",
    "CreateApiKey": "APIキーの作成",
    "DeleteApiKey": "APIキーの削除",
    "CreateUser": "ユーザーの作成",
    "UpdateUser": "ユーザーの更新",
    "DeleteUser": "ユーザーの削除",
    "UndeleteUser": "ユーザーの復元",
    "RefundPayment": "決済の返金",
    "CreateReconciliation": "照合の実行",
    "SendMessage": "メッセージの送信",
    "CreateInvoice": "請求の作成",
    "StartModule": "モジュールの起動",
    "StopModule": "モジュールの停止",
    "RestartModule": "モジュールの再起動",
    "CreateAlertRule": "監視ルールの作成",
    "UpdateAlertRule": "監視ルールの更新",
    "DeleteAlertRule": "監視ルールの削除",
    "AcknowledgeIncident": "インシデントの確認",
    "RetryDeadLetter": "未処理イベントの再試行",
    "DiscardDeadLetter": TYPES["reaction.discarded"],
}
METHOD_FAILED = "{method}（失敗）"

# Export
EXPORT = "CSVダウンロード"
EXPORT_BUSY = "CSVを作成中です。完了してからもう一度お試しください。"
EXPORT_CUT = "上限の{count}件に達したため、これより古いイベントは含まれていません。"
TYPE_NAME = "種類名"
EXPORT_COLUMNS = (
    common.POSITION,
    common.TIME,
    LEVEL,
    CATEGORY,
    TYPE,
    TYPE_NAME,
    SOURCE,
    SUBJECT,
    ACTOR,
    REQUEST_ID,
    EVENT_ID,
    DATA,
)
