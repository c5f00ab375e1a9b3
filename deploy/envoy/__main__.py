"""`python -m deploy.envoy`: makes Envoy's configuration, and runs Envoy with it."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from deploy.envoy.configuration import Address, ConfigurationError, Tree, make_configuration
from deploy.envoy.program import Envoy, ProgramError
from gateway.contracts.descriptors import DescriptorError, load_bundled, load_file
from gateway.settings import fail, read_targets, read_upstream
from services.common.settings import PORT_MAX, SettingsError


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.envoy",
        description="Makes a configuration with which Envoy serves what the gateway serves.",
        epilog="Environment: LIBRAL_<ROOM>_TARGET.",
    )
    parser.add_argument(
        "--descriptor-set",
        type=Path,
        metavar="FILE",
        help="serve this FileDescriptorSet (protoc --include_imports --descriptor_set_out) in "
        "place of the contracts of the mesh",
    )
    parser.add_argument(
        "--upstream",
        action="append",
        default=[],
        metavar="PACKAGE=HOST:PORT",
        help="who answers for a package; may be repeated, and takes the place of "
        "LIBRAL_<ROOM>_TARGET",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=port, default=8082, help="port to listen on (%(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it here, and not to stdout")
    parser.add_argument("--run", action="store_true", help="run Envoy with it until Ctrl-C")
    parser.add_argument(
        "--concurrency", type=int, default=1, metavar="N", help="threads of --run (%(default)s)"
    )
    return parser


def port(text: str) -> int:
    number = int(text)
    if not 0 < number <= PORT_MAX:
        raise argparse.ArgumentTypeError(f"must be from 1 to {PORT_MAX}")
    return number


def main() -> None:
    """Writes the configuration, runs Envoy, or tells in one line what is wrong."""
    arguments = make_parser().parse_args()
    try:
        listen = Address(arguments.host, arguments.port)
        configuration = configure(arguments, listen)
        if arguments.out:
            arguments.out.write_text(to_text(configuration))
        if arguments.run:
            run(configuration, listen, arguments.concurrency)
        elif not arguments.out:
            print(to_text(configuration), end="")
    except (ConfigurationError, DescriptorError, ProgramError, SettingsError, OSError) as error:
        sys.exit(f"envoy: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def configure(arguments: argparse.Namespace, listen: Address) -> Tree:
    given = dict(map(read_package, arguments.upstream))
    upstreams = given or dict(read_targets(os.environ))
    source = arguments.descriptor_set
    return make_configuration(load_file(source) if source else load_bundled(), listen, upstreams)


def read_package(text: str) -> tuple[str, str]:
    package, address = read_upstream(text)
    if not package:
        fail("--upstream", text, "write it as PACKAGE=HOST:PORT")
    return package, address


def to_text(configuration: Tree) -> str:
    return json.dumps(configuration, indent=2) + "\n"


def run(configuration: Tree, listen: Address, concurrency: int) -> None:
    """Runs Envoy until SIGINT or SIGTERM.

    Raises:
        ProgramError: It does not start, or ends by itself.
    """
    signal.signal(signal.SIGTERM, end)
    with Envoy(configuration, listen, concurrency) as envoy:
        print(f"Envoy listens on {listen.host}:{listen.port}.", flush=True)
        status = envoy.wait()
        raise ProgramError(f"it ended with status {status}: {envoy.log()}")


def end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
