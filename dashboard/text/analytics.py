"""Texts of API解析: requests, errors and latencies of each route."""

from dashboard.text import common

METHOD = "メソッド"
ROUTE = "エンドポイント"
ROUTES = {"unmatched": "該当なし"}
REQUEST_COUNT = "リクエスト数"
PER_MINUTE = "リクエスト数／分"
TIMES_PER_MINUTE = "回／分"
ERROR_RATE = "エラー率"
CLIENT_ERROR_RATE = "4xx率"
P50 = "p50"
P95 = "p95"
P99 = "p99"
LAST_CALL = "最終リクエスト"
WINDOW = "期間"
WINDOWS = {
    "300s": common.LAST_5_MINUTES,
    "900s": "直近15分",
    "3600s": common.LAST_HOUR,
    "86400s": common.LAST_DAY,
}
NO_CALLS = "この期間のリクエストはありません。"
LATENCY_TREND = "応答時間（p95）"
MILLISECONDS = "ms"
