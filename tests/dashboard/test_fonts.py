"""The font subsets."""

from pathlib import Path

from fontTools.ttLib import TTFont

from dashboard import fonts


def characters(path: Path) -> set[int]:
    return set(TTFont(path).getBestCmap())


def test_they_are_cut_once_for_each_version_of_the_words(font_folder):
    assert fonts.are_cut(font_folder)


def test_two_small_files_have_every_word_and_the_star(font_folder):
    files = [font_folder / f"{name}.woff" for name in ("inter", "words", "star")]
    words = {ord(one) for one in fonts.read_texts() if one.isprintable()}
    assert words | {ord("⭐")} <= set.union(*map(characters, files))
    assert sum(path.stat().st_size for path in files) < 600_000


def test_names_find_their_kanji_at_level_1(font_folder):
    assert set(map(ord, "山田花子佐藤鈴木高橋渡辺")) <= (
        characters(font_folder / "level-1.woff") | characters(font_folder / "words.woff")
    )


def test_ranges_are_those_of_css():
    assert fonts.unicode_ranges({0x20, 0x21, 0x22, 0x3042}) == "U+20-22, U+3042"
