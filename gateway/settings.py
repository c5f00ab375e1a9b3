"""What the gateway is told: environment and command line, checked."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlsplit

from gateway.codec import Options

PORT_MAX = 65535
TARGET = re.compile(r"LIBRAL_([A-Z][A-Z0-9]*)_TARGET")
LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("json", "console")
TRANSPORTS = ("lean", "grpcio")
PROTO_NAMES, NO_DEFAULTS, ENUM_NUMBERS = JSON = ("proto-names", "no-defaults", "enum-numbers")
ADDRESS = re.compile(r"(?:https?://)?(?:\[[0-9a-fA-F:.]+\]|[^\s:/\[\],]+):([0-9]{1,5})")


class SettingsError(Exception):
    """A setting that cannot be used. The message names it, in one line."""


@dataclass(frozen=True)
class Settings:
    """Where to listen, whom to call, what to say.

    `upstreams` maps packages to `host:port`, or to several with commas between; `addresses` are
    those of servers that tell their services themselves, or answer for all of `sets`.
    """

    host: str
    port: int
    upstreams: Mapping[str, str]
    addresses: tuple[str, ...]
    otlp_target: str | None
    log_format: str
    log_level: str
    cors_origins: frozenset[str]
    transport: str
    json: Options


def read_settings(
    environment: Mapping[str, str],
    upstreams: Iterable[str],
    *,
    terminal: bool,
    json: Iterable[str] = (),
) -> Settings:
    """Reads the environment. `upstreams` are `[PACKAGE=]HOST:PORT` and take its place.

    `json` are names of `JSON`, beside those of the environment.

    Raises:
        SettingsError: A variable or an upstream cannot be used.
    """
    given = [read_upstream(text) for text in upstreams]
    return Settings(
        host=environment.get("LIBRAL_HOST") or "127.0.0.1",
        port=read_port(environment, "LIBRAL_GATEWAY_PORT", 8080),
        upstreams={package: address for package, address in given if package}
        if given
        else dict(read_targets(environment)),
        addresses=tuple(address for package, address in given if not package),
        otlp_target=read_endpoint(environment, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        log_format=read_choice(
            environment, "LIBRAL_LOG_FORMAT", FORMATS, "console" if terminal else "json"
        ),
        log_level=read_choice(environment, "LIBRAL_LOG_LEVEL", LEVELS, "info"),
        cors_origins=frozenset(read_origins(environment, "LIBRAL_CORS_ORIGINS")),
        transport=read_choice(environment, "LIBRAL_GATEWAY_TRANSPORT", TRANSPORTS, "lean"),
        json=make_options({*json, *read_json(environment, "LIBRAL_GATEWAY_JSON")}),
    )


def read_targets(environment: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for name, value in environment.items():
        found = TARGET.fullmatch(name)
        if found and value:
            yield f"libral.{found[1].lower()}.v1", read_address(name, value)


def read_upstream(text: str) -> tuple[str, str]:
    """Splits off the package, which is empty where none is named."""
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


def read_port(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name) or str(default)
    if not is_port(value):
        fail(name, value, f"it must be a port, 0 to {PORT_MAX}")
    return int(value)


def is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= PORT_MAX


def read_endpoint(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name)
    if not value:
        return None
    try:
        parts = urlsplit(value)
        if parts.scheme == "http" and parts.hostname and parts.port:
            return f"{parts.hostname}:{parts.port}"
    except ValueError:
        pass
    raise SettingsError(f"{name} is no URL of the form http://host:port.")


def read_choice(
    environment: Mapping[str, str], name: str, choices: tuple[str, ...], default: str
) -> str:
    value = environment.get(name) or default
    if value not in choices:
        fail(name, value, f"use one of {', '.join(choices)}")
    return value


def read_json(environment: Mapping[str, str], name: str) -> Iterable[str]:
    for option in filter(None, map(str.strip, environment.get(name, "").split(","))):
        if option not in JSON:
            fail(name, option, f"use {', '.join(JSON)}, with commas between")
        yield option


def make_options(json: set[str]) -> Options:
    return Options(
        proto_names=PROTO_NAMES in json,
        defaults=NO_DEFAULTS not in json,
        enum_numbers=ENUM_NUMBERS in json,
    )


def read_origins(environment: Mapping[str, str], name: str) -> Iterable[str]:
    for origin in filter(None, map(str.strip, environment.get(name, "").split(","))):
        parts = urlsplit(origin)
        if (
            parts.scheme not in {"http", "https"}
            or parts.geturl() != f"{parts.scheme}://{parts.netloc}"
        ):
            fail(name, origin, "write origins as https://host, with commas between")
        yield origin


def fail(name: str, value: str, advice: str) -> NoReturn:
    raise SettingsError(f"{name} is {value!r}: {advice}.")
