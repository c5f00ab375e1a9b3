"""Build the images or prepare compose: `python -m deploy.images build|configure`."""

import argparse
import subprocess
import sys
from pathlib import Path

from deploy.images import compose
from deploy.images.builder import BuildError, build_all, find_engine


def main() -> None:
    parser = argparse.ArgumentParser(description="Builds the images and prepares compose.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("build", help="build every image")
    configure = verbs.add_parser("configure", help="make the secrets that compose.yaml asks for")
    configure.add_argument("folder", type=Path, nargs="?", default=compose.FOLDER)
    arguments = parser.parse_args()
    try:
        if arguments.verb == "build":
            build_all(find_engine())
        else:
            compose.create_secrets(arguments.folder)
    except BuildError as error:
        sys.exit(f"images: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"images: {error.cmd[0]} failed with status {error.returncode}.")


if __name__ == "__main__":
    main()
