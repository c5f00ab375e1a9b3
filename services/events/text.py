"""Texts for operators, in Japanese."""

CHECKPOINT = "ログのチェックポイント {position}\n{hash}"

# By the name of a `DefectCode`.
DEFECTS = {
    "MISSING": "イベントが欠落しています。",
    "ADDED": "不正に追加されたイベントがあります。",
    "ALTERED": "内容またはハッシュが書き換えられています。",
    "HEAD_MISMATCH": "ログの最新番号の記録と一致しません。",
    "CHECKPOINT_MISMATCH": "チェックポイントの記録と一致しません。",
    "MISSING_SINCE_CHECKPOINT": "チェックポイントに記録されたイベントが欠落しています。",
    "RESTORED": "保持期間を過ぎて削除されたはずのイベントがあります。",
}
