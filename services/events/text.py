"""Texts for operators, in Japanese."""

CHECKPOINT = "ログのチェックポイント {position}\n{hash}"

# By the name of a `DefectCode`.
DEFECTS = {
    "MISSING": "イベントがありません。",
    "ADDED": "追記によらないイベントがあります。",
    "ALTERED": "内容またはハッシュが書き換えられています。",
    "HEAD_MISMATCH": "ログの最新位置の記録と一致しません。",
    "CHECKPOINT_MISMATCH": "チェックポイントの記録と一致しません。",
    "MISSING_SINCE_CHECKPOINT": "チェックポイントに記録されたイベントがありません。",
    "RESTORED": "保存期間を過ぎて削除されたはずのイベントがあります。",
}
