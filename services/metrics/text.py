"""Texts for operators, in Japanese."""

from collections.abc import Mapping

REASONS = {
    "NOT_CHECKED": "まだ確認していません。",
    "CHECK_EXPIRED": "最終確認から時間が経っています。",
    "PROCESS_STOPPED": "プロセスが動いていません。",
    "PROCESS_START_FAILED": "プロセスを起動できません。",
    "PROCESS_CRASHED": "異常終了したため再起動しています。",
    "PROCESS_STARTING": "起動しています。",
    "CONNECTION_REFUSED": "接続を受け付けていません。",
    "NOT_SERVING": "応答していません。",
    "REPORTED_NOT_SERVING": "サービスを提供できない状態です。",
    "CHECK_FAILED": "死活監視に失敗しました（{error}）。",
    "CHECK_BAD_STATUS": "死活監視の応答が{status}でした。",
    "CHECK_SLOW": "死活監視の応答に{milliseconds} msかかりました。",
    "CPU_HIGH": "直近{seconds}秒のCPU使用率が{percent}%です。",
}
DETAIL = "{text}（{detail}）。"


def reason_text(code: str, metadata: Mapping[str, str]) -> str:
    """Return the text of a reason code, with the process manager's text if there is one."""
    text = REASONS[code].format_map(metadata)
    if detail := metadata.get("detail"):
        return DETAIL.format(text=text.removesuffix("。"), detail=detail)
    return text
