"""Texts of 決済: totals, columns, states and providers."""

AMOUNT = "金額"
CHARGE = "Telegram決済ID"
PAYER = "支払者"
PAY_TIME = "支払日時"
PROVIDER = "決済手段"
TODAY_PAID = "本日の入金"
TODAY_COUNT = "本日の件数"
TOTAL_PAID = "累計入金"
REFUNDED_TOTAL = "返金済み"
NO_PAYMENTS = "決済はまだありません。"
NO_MATCHING_PAYMENTS = "条件に合う決済はありません。"
STATES = {
    "PENDING": "処理中",
    "COMPLETED": "完了",
    "FAILED": "失敗",
    "REFUND_PENDING": "返金保留中",
    "REFUNDED": REFUNDED_TOTAL,
}
PROVIDERS = {"TELEGRAM_STARS": "Telegram Stars", "TELEGRAM_PROVIDER": "Telegram決済"}
TELEGRAM_PAYER = "Telegram {id}"
PAYLOAD = "請求ペイロード"
