"""Draw prose and file names at random, from a seed that can be given again.

`python -m tests.tidy.draw [COMMIT]` prints twenty docstrings, ten comments and five file names of
the checkout. The seed is the full hash of COMMIT, or of HEAD.
"""

import argparse
import random
import subprocess
import sys

from tests.tidy.prose import Passage, list_files, passages
from tests.tidy.sources import PACKAGES, ROOT

DOCSTRINGS, COMMENTS, FILES = 20, 10, 5


def resolve(commit: str) -> str:
    """Return the full hash of a commit."""
    command = ["git", "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"draw: {commit} is no commit.")
    return done.stdout.strip()


def draw(seed: str) -> str:
    """Return the draw of a seed, as text."""
    source = random.Random(seed)
    code = [passage for passage in passages() if passage.path.suffix == ".py"]
    files = [str(path) for path in list_files() if path.parts[0] in PACKAGES]
    blocks = [f"Seed {seed}"]
    docstrings = [passage for passage in code if passage.is_docstring]
    comments = [passage for passage in code if passage.kind == "comment"]
    for found, count in ((docstrings, DOCSTRINGS), (comments, COMMENTS)):
        blocks += ["", *(show(passage) for passage in source.sample(found, count))]
    blocks += ["", *source.sample(files, FILES)]
    return "\n".join(blocks)


def show(passage: Passage) -> str:
    name = f" {passage.name}" if passage.name else ""
    text = passage.text.replace("\n", "\n    ")
    return f"{passage.path}:{passage.line}{name}\n    {text}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("commit", nargs="?", default="HEAD", help="a commit; HEAD if not given")
    sys.stdout.write(draw(resolve(parser.parse_args().commit)) + "\n")


if __name__ == "__main__":
    main()
