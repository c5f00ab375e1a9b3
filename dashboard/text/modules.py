"""Texts of モジュール: states, figures and actions."""

from dashboard.text import common

STATES = {
    "HEALTHY": "正常",
    "BUSY": "高負荷",
    "ERROR": common.ERROR,
    "STOPPED": "停止",
    "STARTING": "起動中",
}
NOT_SERVING = "応答していません。"
PID = "PID"
CPU = "CPU"
MEMORY = "メモリ"
START = "起動"
STOP = STATES["STOPPED"]
RESTART = "再起動"
CONFIRM_ACTION = "{module}を{action}します。よろしいですか？"
CONFIRM_SELF = "操作対象はこのダッシュボードです。操作中は画面が一時的に使えなくなります。"
CONFIRM_GATEWAY = "操作中はダッシュボードの更新とAPIが一時的に止まります。"
ACTION_DONE = "{module}を{action}しました。"
ACTION_SENT = "{module}の{action}を受け付けました。状態を確認しています。"
ACTION_FAILED = "{module}を{action}できませんでした。{reason}"
SUMMARY = "{total}件中 {healthy}件が正常"
