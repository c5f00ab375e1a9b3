"""Each text of the dashboard is written once."""

import ast
from collections import Counter
from pathlib import Path

from dashboard import text

FOLDER = Path(text.__file__).parent


def literals(path: Path) -> list[str]:
    """Return the strings that a module assigns, without the keys of its mappings."""
    found: list[str] = []
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Assign):
            nodes = list(ast.walk(statement.value))
            keys = {id(key) for one in nodes if isinstance(one, ast.Dict) for key in one.keys}
            keys |= {id(one.slice) for one in nodes if isinstance(one, ast.Subscript)}
            found += [
                one.value for one in nodes if isinstance(one, ast.Constant) and id(one) not in keys
            ]
    return found


def test_no_text_is_written_twice():
    modules = [path for path in FOLDER.glob("*.py") if path.name != "__init__.py"]
    counts = Counter(one for path in modules for one in literals(path))
    assert len(counts) > 250
    assert [words for words, count in counts.items() if count > 1] == []
