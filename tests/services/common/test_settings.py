"""Variables are checked, and an error names the variable in one line."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.common.settings import Environment, SettingsError, is_port


def read(**variables: str) -> Environment:
    return Environment(variables)


def test_an_empty_variable_counts_as_unset():
    assert read(A="").text("A", "default") == "default"
    assert read(A="").optional_text("A") == ""
    with pytest.raises(SettingsError, match=r"^A is not set\.$"):
        read(A="").text("A")


@pytest.mark.parametrize(
    ("method", "value", "arguments"),
    [
        ("choice", "loud", (("quiet", "silent"), "quiet")),
        ("port", "65536", (8080,)),
        ("port", "-1", (8080,)),
        ("port", "８０", (8080,)),
        ("address", "localhost", ()),
        ("address", ":80", ()),
        ("address", "localhost:http", ()),
        ("url", "nonsense", (("http",),)),
        ("url", "ftp://host", (("http", "https"),)),
        ("url", "http://", (("http",),)),
        ("url", "http://host:0", (("http",),)),
        ("url", "http://host:99999", (("http",),)),
        ("zone", "Asia/Nowhere", ("Asia/Tokyo",)),
        ("zone", "../etc/passwd", ("Asia/Tokyo",)),
        ("file_content", "/nowhere/key.pem", ()),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_name(method, value, arguments):
    with pytest.raises(SettingsError) as refused:
        getattr(read(LIBRAL_X=value), method)("LIBRAL_X", *arguments)
    assert str(refused.value).startswith("LIBRAL_X ")
    assert "\n" not in str(refused.value)


def test_an_error_never_shows_a_url():
    with pytest.raises(SettingsError) as refused:
        read(DATABASE_URL="mysql://user:secret@host/x").url("DATABASE_URL", ("postgresql",))
    assert "secret" not in str(refused.value)


def test_good_values_are_returned(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"content")
    environment = read(
        CHOICE="b",
        PORT="0",
        ADDRESS="[::1]:80",
        URL="https://host/path",
        ZONE="UTC",
        FILE=str(key),
        WORDS=" a, b,,c ",
    )
    assert environment.choice("CHOICE", ("a", "b"), "a") == "b"
    assert environment.port("PORT", 8080) == 0
    assert environment.address("ADDRESS") == "[::1]:80"
    assert environment.url("URL", ("http", "https")) == "https://host/path"
    assert environment.zone("ZONE", "Asia/Tokyo") == ZoneInfo("UTC")
    assert environment.file_content("FILE") == b"content"
    assert environment.optional_path("FILE") == Path(key)
    assert environment.words("WORDS") == ["a", "b", "c"]


def test_optional_values_that_are_unset():
    environment = read()
    assert environment.optional_address("A") is None
    assert environment.optional_url("A", ("http",)) is None
    assert environment.optional_path("A") is None
    assert environment.words("A") == []


def test_ports():
    assert is_port("65535")
    assert not is_port("")
    assert not is_port("1e3")
