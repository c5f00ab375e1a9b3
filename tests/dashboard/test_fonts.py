"""The fonts as they are cut for the browser."""

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from dashboard import fonts


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fonts")
    assert not fonts.are_cut(folder)
    fonts.cut(folder)
    return folder


def characters(path: Path) -> set[int]:
    return set(TTFont(path).getBestCmap())


def test_they_are_cut_once_for_each_version_of_the_words(folder):
    assert fonts.are_cut(folder)


def test_two_small_files_have_every_word_and_the_star(folder):
    files = [folder / f"{name}.woff" for name in ("inter", "words", "star")]
    words = {ord(one) for one in fonts.texts() if one.isprintable()}
    assert words | {ord("⭐")} <= set.union(*map(characters, files))
    assert sum(path.stat().st_size for path in files) < 600_000


def test_names_find_their_kanji_at_level_1(folder):
    assert set(map(ord, "山田花子佐藤鈴木高橋渡辺")) <= (
        characters(folder / "level-1.woff") | characters(folder / "words.woff")
    )


def test_ranges_are_those_of_css():
    assert fonts.ranges({0x20, 0x21, 0x22, 0x3042}) == "U+20-22, U+3042"
