"""Language negotiation (RFC 4647, section 3.4)."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

ANY = "*"
RANGES_MAX = 32
QUALITY = re.compile(r"q=([01](?:\.[0-9]{0,3})?)", re.ASCII | re.IGNORECASE)


def choose_locale(accepted: str, locales: Sequence[str]) -> int | None:
    """Return the index of the locale that an Accept-Language prefers, or None if it accepts none.

    A range matches the locale that it names, also after its last subtags are removed, or else the
    first
    locale of which it is a prefix, as `ja` is of `ja-JP`.
    """
    ranges = read_ranges(accepted.lower())
    refused = [name for name, quality in ranges if not quality]
    tags = [tag.lower().replace("_", "-") for tag in locales]
    left = [
        number
        for number, tag in enumerate(tags)
        if not any(is_within_range(tag, r) for r in refused)
    ]
    for name, quality in ranges:
        if not quality:
            break
        if name == ANY and left:
            return left[0]
        for shorter in fallbacks_of(name):
            exact = [number for number in left if tags[number] == shorter]
            found = exact or [number for number in left if is_within_range(tags[number], shorter)]
            if found:
                return found[0]
    return None


@lru_cache(maxsize=256)
def read_ranges(accepted: str) -> tuple[tuple[str, float], ...]:
    """Return the language ranges, the best first. A range of quality 0 is refused."""
    ranges: list[tuple[str, float]] = []
    for part in accepted.split(",")[:RANGES_MAX]:
        name, _, parameter = part.partition(";")
        found = QUALITY.fullmatch(parameter.strip())
        if name.strip():
            quality = float(found[1]) if found else float(not parameter.strip())
            ranges.append((name.strip(), quality))
    return tuple(sorted(ranges, key=lambda each: -each[1]))


def fallbacks_of(name: str) -> Iterator[str]:
    """Yield a range, and the shorter ranges without its last subtags."""
    subtags = name.split("-")
    while subtags:
        yield "-".join(subtags)
        subtags.pop()
        # A single-character subtag belongs to the removed subtag after it.
        if len(subtags) > 1 and len(subtags[-1]) == 1:
            subtags.pop()


def is_within_range(tag: str, name: str) -> bool:
    """True if a locale equals a range or is more specific."""
    return tag == name or tag.startswith(f"{name}-")
