import pytest

from services.telegram.domain.chat import Amount, ModuleStatus
from services.telegram.service.replies import (
    format_amount,
    payment_reply,
    status_reply,
    welcome_reply,
)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Amount("XTR", 1500, 0), "1,500 ⭐"),
        (Amount("JPY", 1000, 0), "1,000 JPY"),
        (Amount("USD", 19, 990_000_000), "19.99 USD"),
        (Amount("USD", 0, 50_000_000), "0.05 USD"),
        (Amount("KWD", 1, 1_000_000), "1.001 KWD"),
        (Amount("USD", 20, 0), "20 USD"),
    ],
)
def test_amounts_have_all_their_digits(amount, text):
    assert format_amount(amount) == text
    assert text in payment_reply(amount)


def test_a_new_user_is_welcomed_differently():
    assert welcome_reply("花子", created=True) == "花子さん、ようこそ。ご登録ありがとうございます。"
    assert welcome_reply("花子", created=False) == "花子さん、おかえりなさい。"


def test_states_of_modules():
    states = [
        ModuleStatus("users", "HEALTHY"),
        ModuleStatus("shop", "STOPPED"),
        ModuleStatus("valkey", "STATE_UNSPECIFIED"),
    ]
    assert (
        status_reply(states) == "サービスの稼働状態\nユーザー：正常\nshop：停止\nキャッシュ：不明"
    )
    assert status_reply(None).startswith("稼働状態を取得できませんでした。")
