"""Texts of インフラ: the host, PostgreSQL, Valkey and the Telegram bot."""

from dashboard.text import common

CPU = "CPU使用率"
MEMORY = "メモリ使用率"
HOST = "ホスト"
DATABASE = common.POSTGRESQL
CACHE = "Valkey / Redis"
CACHE_NAMES = {"valkey": common.VALKEY, "redis": "Redis"}
HOST_NAME = "ホスト名"
PLATFORM = "OS"
CORES = "コア数"
DISK = "ディスク使用量"
NETWORK_IN = "ネットワーク受信"
NETWORK_OUT = "ネットワーク送信"
LOAD = "ロードアベレージ"
CONNECTIONS = "接続数"
SIZE = "データベースサイズ"
QUERIES = "クエリ／秒"
TRANSACTIONS = "トランザクション／秒"
CACHE_HIT = "キャッシュヒット率"
REPLICATION = "レプリケーション"
REPLICAS = "レプリカ {count}台"
REPLICATION_LAG = "遅延 {lag}"
NO_REPLICAS = "レプリカなし"
MEMORY_USED = "メモリ使用量"
CLIENTS = "クライアント数"
CHANNELS = "Pub/Subチャンネル数"
KEYS = "キー数"
COMMANDS = "コマンド／秒"
NETWORK = "ネットワーク"
RECEIVE = "受信"
TRANSMIT = "送信"

# Telegram bot
BOT = "Telegramボット"
BOT_STATES = {
    "UNCONFIGURED": common.NOT_CONFIGURED,
    "CONNECTED": common.CONNECTED,
    "UNREACHABLE": common.UNREACHABLE,
}
BOT_NAME = "ボット名"
PENDING_UPDATES = "処理待ち"
FAILED_UPDATES = "処理失敗"
LAST_UPDATE = "最終受信"
