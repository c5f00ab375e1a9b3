from dashboard.api.payments import Payment
from dashboard.parts.payments import state_tone, state_words


def test_a_state_has_words_and_a_tone():
    failed, strange = Payment.parse({"state": "FAILED"}), Payment.parse({"state": "LOST"})
    assert (state_words(failed), state_tone(failed)) == ("失敗", "bad")
    assert (state_words(strange), state_tone(strange)) == ("不明", "")
