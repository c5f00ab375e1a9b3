"""Write Envoy's configuration or run Envoy with it: `python -m deploy.envoy`."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from deploy.envoy.configuration import ConfigurationError, SocketAddress, Tree, make_configuration
from deploy.envoy.program import Envoy, ProgramError
from gateway.contracts.descriptors import DescriptorError, load_bundled, load_file
from gateway.settings import fail, read_targets, read_upstream
from services.common.settings import PORT_MAX, SettingsError


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.envoy",
        description="Write a configuration with which Envoy serves the REST API of the gateway.",
        epilog="Environment: LIBRAL_<SERVICE>_TARGET.",
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
        help="upstream of a package; may be repeated; replaces LIBRAL_<SERVICE>_TARGET",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=parse_port, default=8082, help="port to listen on (%(default)s)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write to this file instead of stdout"
    )
    parser.add_argument(
        "--run", action="store_true", help="run Envoy with the configuration until Ctrl-C"
    )
    parser.add_argument(
        "--concurrency",
        type=int,
        default=1,
        metavar="N",
        help="Envoy worker threads with --run (%(default)s)",
    )
    return parser


def parse_port(text: str) -> int:
    number = int(text)
    if not 0 < number <= PORT_MAX:
        raise argparse.ArgumentTypeError(f"must be from 1 to {PORT_MAX}")
    return number


def main() -> None:
    """Write the configuration or run Envoy. Exit with a one-line message on an error."""
    arguments = make_parser().parse_args()
    try:
        listen = SocketAddress(arguments.host, arguments.port)
        configuration = configure_envoy(arguments, listen)
        if arguments.out:
            arguments.out.write_text(to_text(configuration))
        if arguments.run:
            run_envoy(configuration, listen, arguments.concurrency)
        elif not arguments.out:
            print(to_text(configuration), end="")
    except (ConfigurationError, DescriptorError, ProgramError, SettingsError, OSError) as error:
        sys.exit(f"envoy: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def configure_envoy(arguments: argparse.Namespace, listen: SocketAddress) -> Tree:
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


def run_envoy(configuration: Tree, listen: SocketAddress, concurrency: int) -> None:
    """Run Envoy until SIGINT or SIGTERM.

    Raises:
        ProgramError: Envoy did not start, or exited on its own.
    """
    signal.signal(signal.SIGTERM, exit_on_signal)
    with Envoy(configuration, listen, concurrency) as envoy:
        print(f"Envoy listens on {listen.host}:{listen.port}.", flush=True)
        status = envoy.wait()
        raise ProgramError(f"Envoy exited with status {status}: {envoy.log()}")


def exit_on_signal(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
