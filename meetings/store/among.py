"""A list of any length as one parameter: `column in these`, the same statement whatever their number.

An IN list names each value: it is written, read and planned anew for each length, and both databases bound how long it may be.
Here PostgreSQL gets one array, SQLite one JSON text.  Called by the stores wherever rows of many points are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import Boolean, Column, Dialect, Integer, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


class _Values(TypeDecorator[list[Any]]):
    """Integers or texts, sorted or not, as one value of the driver."""

    impl = Text
    cache_ok = True

    def __init__(self, whole: bool) -> None:
        super().__init__()
        self.whole = whole

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = Integer() if self.whole else Text()
        return dialect.type_descriptor(ARRAY(kind) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        return value if dialect.name == "postgresql" else json.dumps(value)


class _Among(FunctionElement[bool]):
    type = Boolean()
    name = "among"
    inherit_cache = True
    _is_implicitly_boolean = True  # else SQLite is asked whether it "= 1", and looks at every row


@compiles(_Among, "postgresql")
def _array(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **kw)} = ANY({compiler.process(values, **kw)})"


@compiles(_Among, "sqlite")
def _texts(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **kw)} IN (SELECT value FROM json_each({compiler.process(values, **kw)}))"


def among(column: Column[Any], values: Collection[int] | Collection[str]) -> _Among:
    """Whether the column is one of the values; of none, never."""
    given = bindparam(None, sorted(set(values)), type_=_Values(isinstance(column.type, Integer)), unique=True)  # type: ignore[type-var]
    return _Among(column, given)
