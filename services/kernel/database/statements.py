"""SQLAlchemy Core statements for hot paths, compiled once and run on asyncpg directly."""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy.dialects import registry
from sqlalchemy.sql import Executable
from sqlalchemy.sql.compiler import SQLCompiler

DIALECT: Any = registry.load("postgresql.asyncpg")()


class Statement:
    """A compiled statement. The parameters in `sql` are positional, such as `$1`.

    Literal values of the SQLAlchemy statement are bound as they were given.
    """

    def __init__(self, statement: Executable) -> None:
        compiled = cast("SQLCompiler", cast("Any", statement).compile(dialect=DIALECT))
        self.sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        self._given: Mapping[str, Any] = compiled.params

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values of all parameters in the order of `sql`.

        Raises:
            KeyError: The statement has no parameter with one of the names.
        """
        if not values.keys() <= self._given.keys():
            raise KeyError(*(values.keys() - self._given.keys()))
        return [values[name] if name in values else self._given[name] for name in self._names]
