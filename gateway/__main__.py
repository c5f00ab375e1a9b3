"""Runs the gateway from its environment: `python -m gateway`."""

import argparse
import os
import sys
from pathlib import Path

import uvloop

from gateway.core import Core
from gateway.descriptors import Contracts, DescriptorError, load_bundled, load_file
from gateway.logs import configure_logs
from gateway.routes import RoutesError, Table, make_table
from gateway.server import listen, serve
from gateway.settings import Settings, SettingsError, read_settings
from gateway.upstream import Upstreams


def main() -> None:
    """Serves, or checks the routes. What is wrong is told in lines on standard error."""
    arguments = make_parser().parse_args()
    try:
        contracts = load_file(arguments.descriptor_set) if arguments.descriptor_set else None
        contracts = contracts or load_bundled()
        table = make_table(contracts)
        if arguments.check:
            print_routes(table)
            return
        settings = read_settings(os.environ, arguments.upstream, terminal=sys.stderr.isatty())
        run(settings, contracts, table)
    except RoutesError as error:
        sys.exit("\n".join(f"gateway: {problem}" for problem in error.problems))
    except (DescriptorError, SettingsError) as error:
        sys.exit(f"gateway: {error}")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gateway",
        description="Serves gRPC methods as REST, SSE and WebSocket, from descriptors alone.",
        epilog="Environment: LIBRAL_HOST, LIBRAL_GATEWAY_PORT, LIBRAL_<ROOM>_TARGET, "
        "LIBRAL_CORS_ORIGINS, LIBRAL_GATEWAY_TRANSPORT (lean or grpcio), LIBRAL_LOG_FORMAT, "
        "LIBRAL_LOG_LEVEL, OTEL_EXPORTER_OTLP_ENDPOINT.",
    )
    parser.add_argument(
        "--descriptor-set",
        type=Path,
        metavar="FILE",
        help="serve this FileDescriptorSet (protoc --include_imports --include_source_info "
        "--descriptor_set_out) in place of the contracts of the mesh",
    )
    parser.add_argument(
        "--upstream",
        action="append",
        default=[],
        metavar="PACKAGE=HOST:PORT",
        help="who answers for a package; may be repeated, and takes the place of "
        "LIBRAL_<ROOM>_TARGET",
    )
    parser.add_argument(
        "--check", action="store_true", help="print the routes, or what is wrong with them, and end"
    )
    return parser


def print_routes(table: Table) -> None:
    for route in sorted(table.routes, key=lambda route: (route.template.text, route.verb)):
        print(f"{route.verb:6} {route.template.text}  {route.method.full_name}")


def run(settings: Settings, contracts: Contracts, table: Table) -> None:
    configure_logs(settings.log_format, settings.log_level)
    listener = listen(settings.host, settings.port)

    async def start() -> None:
        upstreams = Upstreams(settings.upstreams, settings.transport)
        core = Core.make(contracts, table, upstreams, settings.cors_origins)
        await serve(core, listener, settings.otlp_target)

    uvloop.run(start())


if __name__ == "__main__":
    main()
