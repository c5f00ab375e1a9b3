"""Statements of hot paths: written with SQLAlchemy Core, compiled once, run on asyncpg itself."""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy.dialects import registry
from sqlalchemy.sql import Executable
from sqlalchemy.sql.compiler import SQLCompiler

DIALECT: Any = registry.load("postgresql.asyncpg")()


class Statement:
    """SQL with its parameters in place. Values that it was written with stay as they are."""

    def __init__(self, statement: Executable) -> None:
        compiled = cast("SQLCompiler", cast("Any", statement).compile(dialect=DIALECT))
        self.sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        self._given: Mapping[str, Any] = compiled.params

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values of all parameters, in order.

        Raises:
            KeyError: The statement has no parameter of that name.
        """
        if not values.keys() <= self._given.keys():
            raise KeyError(*(values.keys() - self._given.keys()))
        return [values[name] if name in values else self._given[name] for name in self._names]
