"""Every word that an operator reads, in one place."""

PRODUCT = "Libral Core"
NO_DATA = "データなし"
NONE = "—"
ALL = "すべて"
LOADING = "読み込み中…"

# Shell
CONNECTED = "接続中"
RECONNECTING = "再接続中…"
SIGN_OUT = "サインアウト"
OVERVIEW = "概要"
MODULES = "モジュール"
INFRASTRUCTURE = "インフラ"
EVENTS = "イベント"
UNHANDLED = "未処理"
VERIFICATION = "ログ検証"
PAYMENTS = "決済"
USERS = "ユーザー"
ANALYTICS = "API解析"
SEE_ALL = "すべて表示"

# Sign-in
SIGN_IN = "サインイン"
SIGN_IN_LEAD = "運用ダッシュボード"
USER_NAME = "ユーザー名"
PASSWORD = "パスワード"  # noqa: S105 - a label
SIGN_IN_ERRORS = {
    "credentials": "ユーザー名またはパスワードが正しくありません。",
    "role": "このアカウントにはダッシュボードを使う権限がありません。",
    "limit": "試行回数が多すぎます。しばらくしてからもう一度お試しください。",
    "away": "サービスが応答していません。しばらくしてからもう一度お試しください。",
    "ended": "サインインの有効期限が切れました。もう一度サインインしてください。",
    "origin": "別のサイトからは操作できません。",
}

# Errors
AWAY = "ゲートウェイが応答していません。"
FAILED = "処理に失敗しました。"

# Tiles
CPU = "CPU使用率"
MEMORY = "メモリ使用率"
ACTIVE_USERS = "アクティブユーザー"
REQUESTS = "APIリクエスト／分"
LAST_HOUR = "直近1時間"
SOURCES = {
    "host": "このマシン",
    "postgresql": "PostgreSQL",
    "cache": "Valkey",
    "users": "ユーザーサービス",
    "gateway": "ゲートウェイ",
}
ACTIVE_USERS_NOTE = "直近5分"

# Modules
MODULE_NAMES = {
    "users": "ユーザーサービス",
    "payments": "決済サービス",
    "events": "イベントサービス",
    "metrics": "メトリクスサービス",
    "telegram": "Telegramサービス",
    "gateway": "ゲートウェイ",
    "dashboard": "ダッシュボード",
    "postgres": "データベース",
    "valkey": "キャッシュ",
}
MODULE_STATES = {
    "HEALTHY": "正常",
    "BUSY": "高負荷",
    "ERROR": "エラー",
    "STOPPED": "停止",
    "STARTING": "起動中",
}
MODULE_REASONS = {
    "It does not serve.": "応答していません。",
    "Nobody listens there.": "接続を受け付けていません。",
    "It starts.": "起動しています。",
    "It was not checked yet.": "まだ確認していません。",
    "The last check is too old.": "最終確認から時間が経っています。",
    "The process does not run.": "プロセスが動いていません。",
    "The process does not start.": "プロセスを起動できません。",
    "The process ended unexpectedly and starts again.": "異常終了したため再起動しています。",
    "It answers that it does not serve.": "サービスを提供できない状態です。",
}
MODULE_REASON_FORMS = {
    r"The health check ended with (\w+)\.": "死活監視に失敗しました（{}）。",
    r"The health check failed: (\w+)\.": "死活監視に失敗しました（{}）。",
    r"The health check answered (\d+)\.": "死活監視の応答が{}でした。",
    r"The health check took (\d+) ms\.": "死活監視の応答に{} msかかりました。",
    r"It used (\d+%) of a core over 30 seconds\.": "直近30秒のCPU使用率が{}です。",
}
STATE_UNKNOWN = "不明"
STATE = "状態"
VERSION = "バージョン"
UPTIME = "連続稼働時間"
PID = "PID"
CPU_SHORT = "CPU"
MEMORY_SHORT = "メモリ"
LAST_CHECK = "最終確認"
LATENCY = "応答時間"
START = "起動"
STOP = "停止"
RESTART = "再起動"
CANCEL = "キャンセル"
CONFIRM_ACTION = "{module}を{action}します。よろしいですか？"
CONFIRM_SELF = "このダッシュボード自身です。操作中は画面が一時的に使えなくなります。"
CONFIRM_GATEWAY = "操作中はダッシュボードの更新とAPIが一時的に止まります。"
ACTION_DONE = "{module}を{action}しました。"
ACTION_SENT = "{module}の{action}を受け付けました。状態を確認しています。"
ACTION_FAILED = "{module}を{action}できませんでした。{reason}"
MODULES_SUMMARY = "{total}件中 {healthy}件が正常"
NO_CONTROL = "閲覧のみの権限では操作できません。"

# Infrastructure
HOST = "ホスト"
DATABASE = "PostgreSQL"
CACHE = "Valkey / Redis"
CACHE_NAMES = {"valkey": "Valkey", "redis": "Redis"}
HOST_NAME = "ホスト名"
PLATFORM = "OS"
CORES = "コア数"
DISK = "ディスク使用量"
NETWORK_IN = "ネットワーク受信"
NETWORK_OUT = "ネットワーク送信"
LOAD = "ロードアベレージ"
HOST_UPTIME = "連続稼働時間"
CONNECTIONS = "接続数"
SIZE = "データベース容量"
QUERIES = "クエリ／秒"
TRANSACTIONS = "トランザクション／秒"
CACHE_HIT = "キャッシュヒット率"
REPLICATION = "レプリケーション"
REPLICAS = "レプリカ {count}台"
REPLICATION_LAG = "遅延 {lag}"
NO_REPLICAS = "レプリカなし"
MEMORY_USED = "メモリ使用量"
CLIENTS = "クライアント数"
CHANNELS = "Pub/Subチャンネル"
KEYS = "キー数"
COMMANDS = "コマンド／秒"
UNREACHABLE = "接続できません"
REACHABLE = "接続中"
NETWORK = "ネットワーク"
RECEIVE = "受信"
TRANSMIT = "送信"

# Telegram bot
BOT = "Telegramボット"
BOT_STATES = {
    "UNCONFIGURED": "未設定",
    "CONNECTED": "接続中",
    "UNREACHABLE": "接続できません",
}
BOT_NAME = "ボット名"
PENDING_UPDATES = "処理待ちの更新"
FAILED_UPDATES = "処理に失敗した更新"
LAST_UPDATE = "最終受信"

# Events
LIVE_FEED = "リアルタイムイベント"
CATEGORY = "分類"
LEVEL = "レベル"
SOURCE = "発生元"
TYPE = "種類"
SUBJECT = "対象"
TIME = "日時"
ACTOR = "操作者"
SEARCH = "検索"
USER_ID = "ユーザーID"
FROM = "開始日時"
TO = "終了日時"
NO_FILTERS = "絞り込みを解除"
PAUSE = "一時停止"
RESUME = "再開"
WAITING = "待機中 {count}件"
PAST_PAGE = "過去のイベントです。新しいイベントは表示されません。"
SEARCH_ON = "続きを検索"
SEARCH_ON_FROM = "続きを検索（{time}まで検索済み）"
POSITION = "番号"
DETAIL = "詳細"
DATA = "データ"
APPEND_TIME = "記録日時"
REQUEST_ID = "リクエストID"
EVENT_ID = "イベントID"
SHOW_WHOLE = "すべて表示"
CUT = "…（残り{count}文字）"
COPY = "コピー"
COPIED = "コピーしました。"
COPY_FAILED = "コピーできませんでした。ブラウザーが許可していません。"
USER_LINK = "ユーザー {id}"
USER_EVENTS_LINK = "ユーザー {id} のイベント"
PAYMENT_LINK = "決済 {id}"
MODULE_LINK = "モジュール {id}"
CLOSE = "閉じる"
NO_EVENTS = "条件に合うイベントはありません。"
CATEGORIES = {
    "SYSTEM": "システム",
    "USER": "ユーザー",
    "PAYMENT": "決済",
    "API": "API",
    "TELEGRAM": "Telegram",
    "MODULE": "モジュール",
    "AUDIT": "監査",
}
LEVELS = {"DEBUG": "デバッグ", "INFO": "情報", "WARNING": "警告", "ERROR": "エラー"}
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
EXPORT = "CSVを保存"
EXPORT_BUSY = "CSVを作成中です。完了してからもう一度お試しください。"
EXPORT_CUT = "上限の{count}件に達したため、これより古いイベントは含まれていません。"
EXPORT_COLUMNS = (
    "番号",
    "日時",
    "レベル",
    "分類",
    "種類",
    "種類名",
    "発生元",
    "対象",
    "操作者",
    "リクエストID",
    "イベントID",
    "データ",
)
EVENT_TYPES = {
    "user.registered": "ユーザー登録",
    "user.created": "ユーザー作成",
    "user.updated": "ユーザー更新",
    "user.deleted": "ユーザー削除",
    "session.created": "サインイン",
    "session.deleted": "サインアウト",
    "payment.completed": "決済完了",
    "payment.refunded": "返金完了",
    "telegram.failed": "更新の処理失敗",
    "module.state_changed": "稼働状態の変化",
    "incident.opened": "インシデント発生",
    "incident.resolved": "インシデント復旧",
    "audit.call": "操作の記録",
    "outbox.refused": "送信できないイベントの隔離",
    "reaction.buried": "イベントの処理失敗",
    "reaction.recovered": "未処理イベントの再処理完了",
    "reaction.retry_failed": "未処理イベントの再試行失敗",
    "reaction.discarded": "未処理イベントの破棄",
    "reaction.retry_requested": "未処理イベントの再試行の依頼",
    "reaction.discard_requested": "未処理イベントの破棄の依頼",
}
METHODS = {
    "Login": "サインイン",
    "LoginWithTelegram": "Telegramでのサインイン",
    "Logout": "サインアウト",
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
    "DiscardDeadLetter": "未処理イベントの破棄",
}
METHOD_FAILED = "{method}（失敗）"
HEAD = "総イベント数"
LAST_HOUR_COUNT = "直近1時間"
LAST_DAY_COUNT = "直近24時間"
ERRORS_DAY = "エラー（24時間）"

# Dead letters
CONSUMER = "処理先"
ERROR = "エラー"
TRIES = "試行回数"
SINCE = "発生日時"
UPDATED = "更新日時"
RETRY = "再試行"
DISCARD = "破棄"
NO_UNHANDLED = "未処理のイベントはありません。"
EVENT_GONE = "このイベントは保持期間を過ぎたため、内容を表示できません。"
LETTER_STATES = {"PENDING": "対応待ち", "RETRYING": "再試行中", "DISCARDING": "破棄中"}
SELECTED = "選択中 {count}件"
CONFIRM_RETRY = "{count}件のイベントの処理を再試行します。よろしいですか？"
CONFIRM_DISCARD = "{count}件のイベントを破棄します。よろしいですか？"
CONFIRM_DISCARD_NOTE = "破棄したイベントは処理されません。この操作は取り消せません。"
LETTERS_ASKED = "{count}件の{action}を依頼しました。"
LETTER_FAILED = "{action}を依頼できませんでした。{reason}"

# Verification
CHAIN = "ハッシュチェーンの検証"
CHAIN_LEAD = "記録されたすべてのイベントが、追記されたときのままかどうかを確かめます。"
VERIFY = "検証"
ABORT = "中止"
VERIFYING = "検証中… {count} / {total}件"
VERIFIED = "正常：{count}件を検証しました。"
VERIFY_ABORTED = "中止しました。{count}件までは正常です。"
VERIFY_FAILED = "検証を続けられませんでした（{count}件までは正常です）。{reason}"
DEFECT = "異常：番号{position}のイベントに問題があります。{problem}"
DEFECTS = {
    "It is missing.": "イベントがありません。",
    "It was added.": "追記によらないイベントがあります。",
    "Its content or its hash was altered.": "内容またはハッシュが書き換えられています。",
    "It is not what the head of the log says.": "ログの最新位置の記録と一致しません。",
}
CHECKPOINT = "最終チェックポイント"
CHECKPOINT_LEAD = "データベースの外に残した、ログの位置とハッシュです。"
HASH = "ハッシュ"
CHANNELS_TOLD = {"FILE": "ファイル", "LOG": "ログ", "TELEGRAM": "Telegram"}
CHANNEL_STATES = {"on": "有効", "off": "未設定", "error": "エラー"}
CHANNEL_TOLD = "番号{position}・{age}"
NOT_TOLD = "未送信"
CONSUMERS = "購読"
CONSUMER_POSITION = "処理済みの番号"
LAG = "遅延"
LAG_BEYOND = "{count}件以上"
REPORTED = "最終報告"
NO_DATA_SINCE = "データなし（{age}）"
NO_CONSUMERS = "購読はまだありません。"
OUTBOX = "送信待ち"
OUTBOX_LEAD = "各サービスに保存され、まだログに追記されていないイベントです。"
ROOM = "サービス"
PENDING = "件数"
OLDEST = "最も古いもの"
MEASURED = "計測"
NO_ROOMS = "計測値はまだありません。"

# Payments
AMOUNT = "金額"
CHARGE = "決済ID"
PAYER = "支払者"
PAY_TIME = "支払日時"
PROVIDER = "決済手段"
TODAY_PAID = "本日の入金"
TODAY_COUNT = "本日の件数"
TOTAL_PAID = "累計入金"
REFUNDED_TOTAL = "返金済み"
COUNT = "{count}件"
RECENT_PAYMENTS = "最近の決済"
NO_PAYMENTS = "決済はまだありません。"
NO_MATCHING_PAYMENTS = "条件に合う決済はありません。"
PAYMENT_STATES = {
    "PENDING": "処理中",
    "COMPLETED": "完了",
    "FAILED": "失敗",
    "REFUND_PENDING": "返金保留中",
    "REFUNDED": "返金済み",
}
PROVIDERS = {"TELEGRAM_STARS": "Telegram Stars", "TELEGRAM_PROVIDER": "Telegram決済"}
PAYLOAD = "請求ペイロード"

# Users
NAME = "名前"
LOGIN = "ログイン名"
TELEGRAM = "Telegram"
ROLES = "ロール"
LAST_SEEN = "最終アクセス"
CREATED = "登録日時"
TOTAL_USERS = "総ユーザー数"
ACTIVE_5M = "アクティブ（5分）"
ACTIVE_24H = "アクティブ（24時間）"
NEW_TODAY = "本日の新規"
NO_USERS = "条件に合うユーザーはいません。"
ROLE_NAMES = {
    "USER": "ユーザー",
    "CREATOR": "クリエイター",
    "STREAMER": "配信者",
    "VIEWER": "閲覧者",
    "OPERATOR": "運用担当者",
    "ADMIN": "管理者",
}
USER_STATES = {"ACTIVE": "有効", "SUSPENDED": "利用停止", "DELETED": "削除済み"}

# API analytics
METHOD = "メソッド"
ROUTE = "エンドポイント"
ROUTES = {"unmatched": "該当なし"}
REQUEST_COUNT = "リクエスト数"
PER_MINUTE = "リクエスト／分"
TIMES_PER_MINUTE = "回／分"
ERROR_RATE = "エラー率"
CLIENT_ERROR_RATE = "4xx率"
P50 = "p50"
P95 = "p95"
P99 = "p99"
LAST_CALL = "最終呼び出し"
WINDOW = "期間"
WINDOWS = {"300s": "直近5分", "900s": "直近15分", "3600s": "直近1時間", "86400s": "直近24時間"}
NO_CALLS = "この期間の呼び出しはありません。"
LATENCY_TREND = "応答時間（p95）"
REQUEST_TREND = "リクエスト／分"


# Paging
NEXT = "次のページ"
FIRST = "最初のページ"

# Ages and durations
JUST_NOW = "たった今"
SECONDS_AGO = "{n}秒前"
MINUTES_AGO = "{n}分前"
HOURS_AGO = "{n}時間前"
DAYS_AGO = "{n}日前"
DAYS = "{n}日"
HOURS = "{n}時間"
MINUTES = "{n}分"
SECONDS = "{n}秒"
