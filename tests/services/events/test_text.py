import re

from services.events import text
from services.events.domain.verification import DefectCode

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def test_each_defect_has_a_sentence_of_its_own():
    assert list(text.DEFECTS) == [code.name for code in DefectCode]
    assert len(set(text.DEFECTS.values())) == len(DefectCode)
    for sentence in text.DEFECTS.values():
        assert JAPANESE.search(sentence)
        assert sentence.endswith("。")


def test_a_checkpoint_has_position_and_hash():
    assert text.CHECKPOINT.format(position=7, hash="ab") == "ログのチェックポイント 7\nab"
