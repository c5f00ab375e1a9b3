import json

from dashboard.parts.json_text import LENGTH_MAX, VALUE_LENGTH_MAX, pretty_json, shortened_json


def test_whole_numbers_have_no_fraction():
    assert json.loads(pretty_json({"n": 7.0, "x": [0.5, 2.0]})) == {"n": 7, "x": [0.5, 2]}
    assert pretty_json({"n": 7.0}) == '{\n  "n": 7\n}'


def test_long_texts_and_names_are_cut():
    words = "あ" * (VALUE_LENGTH_MAX + 5)
    cut = "あ" * VALUE_LENGTH_MAX + "…（残り5文字）"
    assert json.loads(shortened_json({words: [words], "short": "い"})) == {
        cut: [cut],
        "short": "い",
    }


def test_a_long_value_is_cut_as_a_whole():
    shown = shortened_json(["あ" * 100] * 200)
    assert shown[LENGTH_MAX:].startswith("…（残り")
    assert shortened_json("い") == '"い"'
