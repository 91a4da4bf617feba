"""Statements are compiled once a process, not once a database: a test that opens a database of its own need not pay for them again.

What is compiled depends on the kind of database alone, and all of one kind here are alike.  Called by tests/conftest.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from meetings.store import database

_first: dict[str, Engine] = {}
_create = database.create_engine


def share(patch: pytest.MonkeyPatch) -> None:
    """From now on engines of one kind share what they compiled."""
    patch.setattr(database, "create_engine", _shared)


def _shared(*args: Any, **options: Any) -> Engine:
    engine = _create(*args, **options)
    first = _first.setdefault(engine.dialect.name, engine)
    if first is not engine and first.dialect.server_version_info:  # it was connected, so its dialect knows its database
        engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache  # type: ignore[attr-defined]
    return engine
