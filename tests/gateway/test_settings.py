"""Environment and command line."""

import pytest

from gateway.codec import JsonOptions
from gateway.settings import read_settings
from services.common.settings import SettingsError


def read(upstreams=(), *, terminal=False, json=(), **environment):
    return read_settings(environment, upstreams, terminal=terminal, json=json)


def test_defaults():
    settings = read()
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert (settings.otlp_target, settings.upstreams, settings.cors_origins) == (
        None,
        {},
        frozenset(),
    )
    assert (settings.logs.layout, read(terminal=True).logs.layout) == ("json", "console")


def test_reads_the_targets_of_all_services():
    settings = read(LIBRAL_USERS_TARGET="a:1", LIBRAL_EVENTS_TARGET="[::1]:2", OTHER_TARGET="c:3")
    assert settings.upstreams == {"libral.users.v1": "a:1", "libral.events.v1": "[::1]:2"}


def test_the_command_line_takes_the_place_of_targets():
    assert read(["x.v1=h:1"], LIBRAL_USERS_TARGET="a:1").upstreams == {"x.v1": "h:1"}


def test_reads_endpoint_and_origins():
    settings = read(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://h:4317/",
        LIBRAL_CORS_ORIGINS="https://a.example, http://b:1",
    )
    assert settings.otlp_target == "h:4317"
    assert settings.cors_origins == {"https://a.example", "http://b:1"}


def test_reads_how_json_is_written():
    assert read().json == JsonOptions()
    chosen = JsonOptions(proto_names=True, defaults=False, enum_numbers=True)
    names = " proto-names,no-defaults, enum-numbers"
    assert read(LIBRAL_GATEWAY_JSON=names).json == chosen
    both = read(json=["no-defaults"], LIBRAL_GATEWAY_JSON="enum-numbers").json
    assert both == JsonOptions(defaults=False, enum_numbers=True)


WRONG = [
    (
        {"LIBRAL_GATEWAY_JSON": "pretty"},
        (
            "LIBRAL_GATEWAY_JSON is 'pretty': "
            "use proto-names, no-defaults, enum-numbers, separated by commas."
        ),
    ),
    ({"LIBRAL_GATEWAY_PORT": "x"}, "LIBRAL_GATEWAY_PORT is 'x': it must be a port, 0 to 65535."),
    (
        {"LIBRAL_GATEWAY_PORT": "65536"},
        "LIBRAL_GATEWAY_PORT is '65536': it must be a port, 0 to 65535.",
    ),
    (
        {"LIBRAL_USERS_TARGET": "here"},
        "LIBRAL_USERS_TARGET is 'here': write it as host:port.",
    ),
    (
        {"LIBRAL_USERS_TARGET": ":1"},
        "LIBRAL_USERS_TARGET is ':1': write it as host:port.",
    ),
    (
        {"LIBRAL_LOG_LEVEL": "loud"},
        "LIBRAL_LOG_LEVEL is 'loud': use one of debug, info, warning, error.",
    ),
    ({"LIBRAL_LOG_FORMAT": "xml"}, "LIBRAL_LOG_FORMAT is 'xml': use one of json, console."),
    (
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "h:4317"},
        "OTEL_EXPORTER_OTLP_ENDPOINT is not a URL of the form http://host:port.",
    ),
    (
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:x"},
        "OTEL_EXPORTER_OTLP_ENDPOINT is not a URL of the form http://host:port.",
    ),
    (
        {"LIBRAL_CORS_ORIGINS": "https://a.example/"},
        (
            "LIBRAL_CORS_ORIGINS is 'https://a.example/': "
            "write origins as https://host, separated by commas."
        ),
    ),
    (
        {"LIBRAL_CORS_ORIGINS": "*"},
        "LIBRAL_CORS_ORIGINS is '*': write origins as https://host, separated by commas.",
    ),
]


@pytest.mark.parametrize(("environment", "message"), WRONG)
def test_names_the_variable_that_is_wrong(environment, message):
    with pytest.raises(SettingsError) as caught:
        read(**environment)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["x", "=h:1", "x=h", "x="])
def test_refuses_broken_upstreams(text):
    with pytest.raises(SettingsError, match=r"^--upstream is "):
        read([text])


def test_reads_upstreams():
    texts = ["h:1", "a.v1=h:2", "h:3,h:4"]
    settings = read_settings({"LIBRAL_USERS_TARGET": "x:1"}, texts, terminal=False)
    assert settings.upstreams == {"a.v1": "h:2"}
    assert settings.addresses == ("h:1", "h:3,h:4")
