"""The modules of the project, for the tidy tests."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("services", "gateway", "dashboard", "deploy")
BRANCHES = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.Try,
    ast.Match,
    ast.BoolOp,
    ast.comprehension,
)


@dataclass(frozen=True)
class SourceFile:
    """A Python file of the project. `path` is relative to the root."""

    path: Path

    @cached_property
    def text(self) -> str:
        return (ROOT / self.path).read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def test(self) -> Path:
        """The namesake test: `gateway/rest/unary.py` has `tests/gateway/rest/test_unary.py`."""
        name = self.path.stem.strip("_")
        return Path("tests", self.path.parent, f"test_{name}.py")

    @property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [node for node in ast.walk(self.tree) if isinstance(node, kinds)]

    @property
    def branches(self) -> int:
        return sum(isinstance(node, BRANCHES) for node in ast.walk(self.tree))


@cache
def modules() -> tuple[SourceFile, ...]:
    """Return the tracked modules, without generated code, migrations and tests."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [Path(line) for line in listed.stdout.splitlines() if line.endswith(".py")]
    return tuple(
        SourceFile(path)
        for path in paths
        if "migrations" not in path.parts and (ROOT / path).exists()
    )
