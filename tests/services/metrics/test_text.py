import pytest

from services.metrics.domain.reasons import ReasonCode
from services.metrics.text import REASONS, reason_text

METADATA = {
    "error": "TimeoutError",
    "status": "503",
    "milliseconds": "700",
    "percent": "95",
    "seconds": "30",
}


@pytest.mark.parametrize("code", [one.name for one in ReasonCode])
def test_every_code_has_a_text(code):
    text = reason_text(code, METADATA)
    assert text.endswith("。")
    assert "{" not in text


def test_no_text_is_without_a_code():
    assert REASONS.keys() == {one.name for one in ReasonCode}


@pytest.mark.parametrize(
    ("code", "metadata", "text"),
    [
        ("CHECK_FAILED", {"error": "UNAVAILABLE"}, "死活監視に失敗しました（UNAVAILABLE）。"),
        ("CHECK_BAD_STATUS", {"status": "503"}, "死活監視の応答が503でした。"),
        ("CHECK_SLOW", {"milliseconds": "700"}, "死活監視の応答に700 msかかりました。"),
        ("CPU_HIGH", {"percent": "95", "seconds": "30"}, "直近30秒のCPU使用率が95%です。"),
        ("PROCESS_START_FAILED", {}, "プロセスを起動できません。"),
        (
            "PROCESS_START_FAILED",
            {"detail": "Exited too quickly"},
            "プロセスを起動できません（Exited too quickly）。",
        ),
    ],
)
def test_the_values_are_in_the_text(code, metadata, text):
    assert reason_text(code, metadata) == text
