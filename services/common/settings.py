"""Environment variables, read and checked."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PORT_MAX = 65535


class SettingsError(Exception):
    """A variable is missing or has an invalid value. The message is one line and names it."""


class Environment:
    """Reads and checks variables. An empty variable counts as unset.

    A method whose name starts with `optional_` returns an empty value for an unset variable. The
    others raise SettingsError if the variable is unset and has no default. All of them raise
    SettingsError for an invalid value.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text that is not empty."""
        value = self._variables.get(name) or default
        if value is None:
            raise SettingsError(f"{name} is not set.")
        return value

    def optional_text(self, name: str) -> str:
        """Return a text, empty if the variable is unset."""
        return self._variables.get(name) or ""

    def words(self, name: str) -> list[str]:
        """Return the comma-separated words of a variable, stripped, without empty ones."""
        return [word for part in self.optional_text(name).split(",") if (word := part.strip())]

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """Return one of the choices."""
        value = self.text(name, default)
        if value not in choices:
            raise SettingsError(f"{name} is {value!r}: use one of {', '.join(choices)}.")
        return value

    def port(self, name: str, default: int) -> int:
        """Return a TCP port, 0 to 65535."""
        value = self.text(name, str(default))
        if not is_port(value):
            raise SettingsError(f"{name} is {value!r}: it must be a port, 0 to {PORT_MAX}.")
        return int(value)

    def address(self, name: str, default: str | None = None) -> str:
        """Return an address of the form `host:port`."""
        value = self.text(name, default)
        host, _, port = value.rpartition(":")
        if not host or not is_port(port):
            raise SettingsError(f"{name} is {value!r}: write it as host:port.")
        return value

    def optional_address(self, name: str) -> str | None:
        """Return an address of the form `host:port`, or None if the variable is unset."""
        return self.address(name) if self._variables.get(name) else None

    def url(self, name: str, schemes: tuple[str, ...], default: str | None = None) -> str:
        """Return a URL with one of the schemes. Errors omit it, since it may hold a password."""
        value = self.text(name, default)
        try:
            parts = urlsplit(value)
            usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise SettingsError(f"{name} is not a URL of the form {schemes[0]}://host:port/….")
        return value

    def optional_url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        """Return a URL with one of the schemes, or None if the variable is unset."""
        return self.url(name, schemes) if self._variables.get(name) else None

    def zone(self, name: str, default: str) -> ZoneInfo:
        """Return an IANA time zone, such as that of `Asia/Tokyo`."""
        value = self.text(name, default)
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise SettingsError(f"{name} is {value!r}: no such time zone.") from None

    def optional_path(self, name: str) -> Path | None:
        """Return a path, which need not exist, or None if the variable is unset."""
        value = self.optional_text(name)
        return Path(value) if value else None

    def file_content(self, name: str) -> bytes:
        """Return the content of the file that the variable names."""
        path = Path(self.text(name))
        try:
            return path.read_bytes()
        except OSError as error:
            raise SettingsError(f"{name} names {path}: {error.strerror}.") from None


def is_port(text: str) -> bool:
    """True if the text is a TCP port, 0 to 65535, in ASCII digits."""
    return text.isascii() and text.isdigit() and int(text) <= PORT_MAX
