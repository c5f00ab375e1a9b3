"""Texts of ログ検証: the hash chain, the checkpoints, the consumers and the outboxes."""

from dashboard.text import common, dead_letters

CHAIN = "ハッシュチェーンの検証"
CHAIN_LEAD = "保存されているすべてのイベントについて、追記後に改ざんされていないことを検証します。"
VERIFY = "検証"
ABORT = "中止"
VERIFYING = "検証中… {count} / {total}件"
VERIFIED = "正常：{count}件を検証しました。"
VERIFY_ABORTED = "中止しました。{count}件までは正常です。"
VERIFY_FAILED = "検証を続けられませんでした（{count}件までは正常です）。{reason}"
DEFECT = "異常：番号{position}のイベントに問題があります。{problem}"
CHECKPOINT = "最終チェックポイント"
CHECKPOINT_LEAD = "データベースの外にも保存した、最新イベントの番号とハッシュです。"
HASH = "ハッシュ"
CHANNELS = {"FILE": "ファイル", "LOG": "サービスログ", "TELEGRAM": common.TELEGRAM}
CHANNEL_STATES = {"on": common.ENABLED, "off": common.NOT_CONFIGURED, "error": common.ERROR}
PUBLISHED = "番号{position}・{age}"
NOT_PUBLISHED = "未送信"
CONSUMERS = dead_letters.CONSUMER
CONSUMER_POSITION = "処理済み番号"
LAG_BEYOND = "{count}件以上"
REPORTED = "最終報告"
NO_DATA_SINCE = "データなし（{age}）"
NO_CONSUMERS = "コンシューマーはまだありません。"
OUTBOX = "送信待ち"
OUTBOX_LEAD = "各サービスに保存され、まだログに追記されていないイベントです。"
SERVICE = "サービス"
PENDING = "件数"
OLDEST = "最長待ち時間"
MEASURED = "最終計測"
NO_SERVICES = "計測値はまだありません。"
