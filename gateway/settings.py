"""Settings of the gateway from environment and command line, validated."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlsplit

from gateway.codec import JsonOptions
from services.common.logs import LogSettings
from services.common.settings import Environment, SettingsError, is_port

TARGET = re.compile(r"LIBRAL_([A-Z][A-Z0-9]*)_TARGET")
TRANSPORTS = ("lean", "grpcio")
PROTO_NAMES, NO_DEFAULTS, ENUM_NUMBERS = JSON = ("proto-names", "no-defaults", "enum-numbers")
ADDRESS = re.compile(r"(?:https?://)?(?:\[[0-9a-fA-F:.]+\]|[^\s:/\[\],]+):([0-9]{1,5})")


@dataclass(frozen=True)
class Settings:
    """Addresses, logging and JSON options of a gateway.

    `upstreams` maps packages to `host:port`, or to several joined by commas. `addresses` are
    servers with
    reflection, or the one that serves all descriptor sets.
    """

    host: str
    port: int
    upstreams: Mapping[str, str]
    addresses: tuple[str, ...]
    otlp_target: str | None
    logs: LogSettings
    cors_origins: frozenset[str]
    transport: str
    json: JsonOptions


def read_settings(
    variables: Mapping[str, str],
    upstreams: Iterable[str],
    *,
    terminal: bool,
    json: Iterable[str] = (),
) -> Settings:
    """Read the environment. `upstreams` are `[PACKAGE=]HOST:PORT` and replace its targets.

    `json` are names of `JSON`, in addition to those of the environment.

    Raises:
        SettingsError: A variable or an upstream is invalid.
    """
    environment = Environment(variables)
    given = [read_upstream(text) for text in upstreams]
    return Settings(
        host=environment.text("LIBRAL_HOST", "127.0.0.1"),
        port=environment.port("LIBRAL_GATEWAY_PORT", 8080),
        upstreams={package: address for package, address in given if package}
        if given
        else dict(read_targets(variables)),
        addresses=tuple(address for package, address in given if not package),
        otlp_target=read_endpoint(environment, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        logs=LogSettings.read(environment, terminal=terminal),
        cors_origins=frozenset(read_origins(environment, "LIBRAL_CORS_ORIGINS")),
        transport=environment.choice("LIBRAL_GATEWAY_TRANSPORT", TRANSPORTS, "lean"),
        json=make_json_options({*json, *read_json_names(environment, "LIBRAL_GATEWAY_JSON")}),
    )


def read_targets(variables: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for name, value in variables.items():
        found = TARGET.fullmatch(name)
        if found and value:
            yield f"libral.{found[1].lower()}.v1", read_address(name, value)


def read_upstream(text: str) -> tuple[str, str]:
    """Return the package, which may be empty, and the address."""
    package, separator, address = text.rpartition("=")
    parts = address.split(",")
    if (separator and not package) or not all(map(is_address, parts)):
        fail("--upstream", text, "write it as HOST:PORT or PACKAGE=HOST:PORT")
    return package, address


def read_address(name: str, value: str) -> str:
    if not all(map(is_address, value.split(","))):
        fail(name, value, "write it as host:port")
    return value


def is_address(text: str) -> bool:
    found = ADDRESS.fullmatch(text)
    return found is not None and is_port(found[1])


def read_endpoint(environment: Environment, name: str) -> str | None:
    value = environment.optional_text(name)
    if not value:
        return None
    try:
        parts = urlsplit(value)
        if parts.scheme == "http" and parts.hostname and parts.port:
            return f"{parts.hostname}:{parts.port}"
    except ValueError:
        pass
    raise SettingsError(f"{name} is not a URL of the form http://host:port.")


def read_json_names(environment: Environment, name: str) -> Iterable[str]:
    for option in environment.words(name):
        if option not in JSON:
            fail(name, option, f"use {', '.join(JSON)}, separated by commas")
        yield option


def make_json_options(json: set[str]) -> JsonOptions:
    return JsonOptions(
        proto_names=PROTO_NAMES in json,
        defaults=NO_DEFAULTS not in json,
        enum_numbers=ENUM_NUMBERS in json,
    )


def read_origins(environment: Environment, name: str) -> Iterable[str]:
    for origin in environment.words(name):
        parts = urlsplit(origin)
        if (
            parts.scheme not in {"http", "https"}
            or parts.geturl() != f"{parts.scheme}://{parts.netloc}"
        ):
            fail(name, origin, "write origins as https://host, separated by commas")
        yield origin


def fail(name: str, value: str, advice: str) -> NoReturn:
    raise SettingsError(f"{name} is {value!r}: {advice}.")
