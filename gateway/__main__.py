"""Run the gateway from its environment: `python -m gateway`."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # gRPC reads it when it is imported.

import argparse
import sys
from pathlib import Path

import uvloop

from gateway.contracts.descriptors import DescriptorError
from gateway.routing.routes import Route
from gateway.routing.table import RoutesError, RouteTable
from gateway.server.program import RunOptions, find_routes, run_gateway
from gateway.server.server import listen
from gateway.server.workers import WorkerError, run_worker, supervise_workers
from gateway.settings import JSON, read_settings
from services.common.logs import configure_logs
from services.common.settings import SettingsError


def main() -> None:
    """Serve, or check the routes. Problems are printed to standard error, one a line."""
    arguments = make_parser().parse_args()
    try:
        settings = read_settings(
            os.environ, arguments.upstream, terminal=sys.stderr.isatty(), json=arguments.json
        )
        configure_logs(settings.logs)
        options = RunOptions(
            settings=settings,
            descriptor_sets=tuple(arguments.descriptor_set),
            auth=arguments.auth,
            reload_seconds=arguments.reload_seconds,
        )
        if arguments.check:
            print_routes(uvloop.run(find_routes(options)))
        elif arguments.listener is not None:
            uvloop.run(run_worker(options, arguments.listener))
        elif arguments.workers > 1:
            uvloop.run(supervise_workers(listen(settings.host, settings.port), arguments.workers))
        else:
            uvloop.run(run_gateway(options))
    except RoutesError as error:
        sys.exit("\n".join(f"gateway: {problem}" for problem in error.problems))
    except (DescriptorError, SettingsError) as error:
        sys.exit(f"gateway: {error}")
    except WorkerError:
        sys.exit(1)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gateway",
        description="Serve gRPC methods as REST, SSE and WebSocket, from descriptors alone.",
        epilog="Environment: LIBRAL_HOST, LIBRAL_GATEWAY_PORT, LIBRAL_<SERVICE>_TARGET, "
        "LIBRAL_CORS_ORIGINS, LIBRAL_GATEWAY_JSON, LIBRAL_GATEWAY_TRANSPORT (lean or grpcio), "
        "LIBRAL_LOG_FORMAT, LIBRAL_LOG_LEVEL, OTEL_EXPORTER_OTLP_ENDPOINT.",
    )
    add_sources(parser)
    add_serving(parser)
    parser.add_argument(
        "--check",
        action="store_true",
        help="print the routes, or the problems of the descriptors, and exit",
    )
    parser.add_argument("--listener", type=int, help=argparse.SUPPRESS)
    return parser


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the services and their upstreams."""
    parser.add_argument(
        "--upstream",
        action="append",
        default=[],
        metavar="[PACKAGE=]HOST:PORT",
        help="a server, whose services are discovered by reflection; or the server of a package, "
        "in place of LIBRAL_<SERVICE>_TARGET; may be repeated",
    )
    parser.add_argument(
        "--descriptor-set",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="serve this FileDescriptorSet (protoc --include_imports --include_source_info "
        "--descriptor_set_out) instead of the contracts of the mesh; may be repeated",
    )


def add_serving(parser: argparse.ArgumentParser) -> None:
    """Add the options that control how services are served."""
    parser.add_argument(
        "--no-auth",
        dest="auth",
        action="store_false",
        help="admit every caller to every method, and forward the authorization header",
    )
    parser.add_argument(
        "--json",
        action="append",
        default=[],
        choices=JSON,
        help="write JSON with the field names of the contract, without default values, or with "
        "enums as numbers; may be repeated",
    )
    parser.add_argument(
        "--reload-seconds",
        type=positive,
        default=10.0,
        metavar="N",
        help="check for changed descriptors every N seconds (default: 10) and on SIGHUP",
    )
    parser.add_argument(
        "--workers",
        type=at_least_one,
        default=1,
        metavar="N",
        help="number of processes (default: 1); SIGUSR2 restarts them one after the other",
    )


def at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def positive(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError
    return seconds


def print_routes(table: RouteTable) -> None:
    """Print a table of all routes: verb, template, method, kind."""
    routes = sorted(table.routes, key=lambda route: (route.template.text, route.verb))
    rows = [(r.verb, r.template.text, r.method.full_name, kind_of(r)) for r in routes]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def kind_of(route: Route) -> str:
    kinds = {
        (False, False): "unary",
        (False, True): "server stream",
        (True, False): "client stream",
        (True, True): "bidirectional stream",
    }
    return kinds[route.method.client_streaming, route.method.server_streaming]


if __name__ == "__main__":
    main()
