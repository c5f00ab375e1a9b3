"""The texts of the bot, in Japanese."""

WELCOME = "{name}さん、ようこそ。ご登録ありがとうございます。"
WELCOME_BACK = "{name}さん、おかえりなさい。"
PAID = "お支払いを受け付けました：{amount}\nありがとうございます。"
STATUS = "サービスの稼働状態"
STATUS_UNKNOWN = "稼働状態を取得できませんでした。しばらくしてからもう一度お試しください。"
NOT_PAYABLE = "このお支払いは受け付けられません。"
TOO_LATE = "時間切れです。もう一度お試しください。"

MODULES = {
    "users": "ユーザー",
    "payments": "決済",
    "events": "イベント",
    "metrics": "メトリクス",
    "telegram": "Telegram",
    "gateway": "ゲートウェイ",
    "dashboard": "ダッシュボード",
    "postgres": "データベース",
    "valkey": "キャッシュ",
}
STATES = {
    "HEALTHY": "正常",
    "BUSY": "高負荷",
    "ERROR": "エラー",
    "STOPPED": "停止",
    "STARTING": "起動中",
}
STATE_UNKNOWN = "不明"
