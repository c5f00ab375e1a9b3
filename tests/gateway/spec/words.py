"""Random words for segments of a path: of a template, and of a value."""

from random import Random

PLAIN = ["a", "Z", "0", "-", "_", ".", "~"]
LITERAL = [*PLAIN, "!", "&", "'", ",", ";", "@", "%20", "%E6%97%A5"]
ANY = [*LITERAL, *' %+=#?:$()*[]{}|\\"^`<>\t\n\0é日😀', "%2F", "%2f", "%25", "null", "users"]


def word(random: Random, pieces: list[str]) -> str:
    """One segment. The client refuses `.` and `..`."""
    made = "".join(random.choices(pieces, k=random.randint(1, 6)))
    return "x" if made in {".", ".."} else made


def words(random: Random) -> str:
    """Segments for `**`, of which some are empty."""
    made = [word(random, ANY) for _ in range(random.randint(1, 3))]
    return random.choice(["", "/"]) + random.choice(["/", "//"]).join(made)
