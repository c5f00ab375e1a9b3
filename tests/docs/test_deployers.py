"""docs/deployers.md lists every setting that the code reads, and no other."""

import ast
import re
from pathlib import Path

from tests.tidy.sources import modules

ROOT = Path(__file__).parents[2]
SETTING = re.compile(r"(?:LIBRAL|TELEGRAM)_[A-Z_]+_?|OTEL_EXPORTER_[A-Z_]+|DATABASE_URL|REDIS_URL")
PER_SERVICE = re.compile(r"^LIBRAL_(?:USERS|PAYMENTS|EVENTS|METRICS|TELEGRAM)_(LISTEN|TARGET)$")
# Names in upper case that are no settings: values of enums and reasons of errors.
VALUES = re.compile(r"^TELEGRAM_(?!API_BASE|BOT_TOKEN|WEBHOOK_SECRET|CHECKPOINT_CHAT_ID)")


def test_the_settings_are_those_of_the_code():
    found = {
        PER_SERVICE.sub(r"LIBRAL_<SERVICE>_\1", name)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in [node.value]
        if SETTING.fullmatch(name) and not VALUES.match(name)
    }
    document = (ROOT / "docs" / "deployers.md").read_text()
    listed = set(re.findall(r"^\| `([A-Z_<>]+)`", document, re.MULTILINE))
    text = set(re.findall(r"`((?:LIBRAL|TELEGRAM)_[A-Z_]+)`", document))
    templates = {"LIBRAL_<SERVICE>_LISTEN", "LIBRAL_<SERVICE>_TARGET"}
    assert listed - found - templates == set()
    assert found - listed - text == set()
