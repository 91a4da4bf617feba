"""Units as pages need them: the tree of a day, kept between requests while nothing was imported, and names of levels.

Never changes a unit.  Called by sessions, booking and the pages of points.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from meetings.store import unit_store
from meetings.units import Level, UnitTree
from web.i18n import language


def tree(conn: Connection, on: date) -> UnitTree:
    """The units of that day."""
    return unit_store.tree(conn, on)


def level_name(level: Level) -> str:
    """The level in the reader's language."""
    return level.name_en if language() == "en" else level.name_vi
