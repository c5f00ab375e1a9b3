"""Subsets of the fonts of the pages: `python -m dashboard.fonts FOLDER`.

A browser loads the characters of the dashboard's texts and, only if a name needs them, the kanji of
JIS level 1 or the full font. This is a separate program because subsetting takes 100 MiB.
"""

import hashlib
import sys
from collections.abc import Collection, Iterable
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

SHEET, WHOLE = "fonts.css", "noto-sans-jp.ttf"
INTER = ("fontpkg_inter", "files/Inter[opsz,wght].ttf")
JAPANESE = ("justmytype_intl_cjk", "fonts/ofl/notosansjp/NotoSansJP[wght].ttf")
LATIN = (
    *range(0x20, 0x250),
    *range(0x2000, 0x2070),
    *range(0x20A0, 0x20C0),
    *range(0x2190, 0x2200),
)
KANA = (*range(0x3000, 0x3100), *range(0xFF00, 0xFFF0))
EAST_ASIAN = (*range(0x2100, 0xA000), *range(0xF900, 0xFB00), *range(0x20000, 0x30000))
LEVEL_1_ROWS = range(16, 48)
STAR, TELEGRAM_STAR = 0x2605, 0x2B50
TEXTS = sorted(Path(__file__).with_name("text").glob("*.py"))


def cache_key() -> str:
    """Return a hash of the inputs of the subsets. A different hash makes them outdated."""
    sources = b"".join(path.read_bytes() for path in (*TEXTS, Path(__file__)))
    return hashlib.sha256(sources).hexdigest()[:16]


def read_texts() -> str:
    """Return the source code of all texts, which includes all of their characters."""
    return "".join(path.read_text() for path in TEXTS)


def are_cut(folder: Path) -> bool:
    sheet = folder / SHEET
    return sheet.exists() and cache_key() in sheet.read_text().partition("\n")[0]


def cut_fonts(folder: Path) -> None:
    """Write the font subsets and the style sheet that loads them."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {ord(one) for one in read_texts() if ord(one) > max(LATIN)} | set(KANA)
    level_1 = level_1_kanji() - words
    save_subset(INTER, LATIN, folder / "inter.woff")
    save_subset(JAPANESE, level_1, folder / "level-1.woff")
    save_subset(JAPANESE, words, folder / "words.woff")
    save_subset(JAPANESE, {STAR}, folder / "star.woff", name_as=TELEGRAM_STAR)
    # Where ranges overlap, the last rule wins.
    faces = [
        font_face_rule("Inter", "inter.woff", LATIN),
        font_face_rule("Noto Sans JP", WHOLE, EAST_ASIAN),
        font_face_rule("Noto Sans JP", "level-1.woff", level_1),
        font_face_rule("Noto Sans JP", "words.woff", words),
        font_face_rule("Noto Sans JP", "star.woff", {TELEGRAM_STAR}),
    ]
    (folder / SHEET).write_text("\n".join([f"/* {cache_key()} */", *faces]) + "\n")


def level_1_kanji() -> set[int]:
    """Return the kanji of JIS X 0208, level 1."""
    pairs = (bytes([row + 0xA0, cell + 0xA0]) for row in LEVEL_1_ROWS for cell in range(1, 95))
    return {ord(one) for pair in pairs for one in pair.decode("euc_jp", "ignore")}


def save_subset(
    font: tuple[str, str], characters: Collection[int], path: Path, name_as: int | None = None
) -> None:
    """Save the given characters of a font. `name_as` replaces the code point of a single one."""
    from fontTools.subset import Options, Subsetter  # noqa: PLC0415 - 100 MiB, not needed for the key
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    subset = TTFont(file_of(*font), lazy=True)
    subsetter = Subsetter(Options(layout_features=["*"], notdef_outline=True))
    subsetter.populate(unicodes=characters)
    subsetter.subset(subset)
    if name_as is not None:
        for table in subset["cmap"].tables:
            if table.cmap:
                table.cmap = {name_as: next(iter(table.cmap.values()))}
    subset.flavor = "woff"
    subset.save(path)


def font_face_rule(family: str, file: str, characters: Collection[int]) -> str:
    """Return the CSS rule that loads a file for its characters."""
    return (
        f'@font-face {{ font-family: "{family}"; src: url("{file}?{cache_key()}"); '
        f"font-weight: 100 900; font-display: swap; unicode-range: {unicode_ranges(characters)}; }}"
    )


def file_of(package: str, path: str) -> Path:
    """Return the path of a file of a package, without importing the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(package)
    return Path(spec.origin).parent / path


def unicode_ranges(characters: Iterable[int]) -> str:
    """Format characters as a CSS `unicode-range`, such as `U+20-7E, U+3042`."""
    written: list[str] = []
    for _, run in groupby(enumerate(sorted(characters)), lambda pair: pair[1] - pair[0]):
        first, *others = [character for _, character in run]
        written.append(f"U+{first:X}" + (f"-{others[-1]:X}" if others else ""))
    return ", ".join(written)


if __name__ == "__main__":
    cut_fonts(Path(sys.argv[1]))
