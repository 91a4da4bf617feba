"""What a place of a person's page is made from: an open read transaction, who looks, and the sections that the room is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from scheduler.person_links import Visit


@dataclass(frozen=True, slots=True)
class Look:
    """`sections` as in `web.parts`; `base` is the address of the page."""

    conn: Connection
    visit: Visit
    sections: Mapping[str, Any]
    at: datetime
    base: str

    @property
    def here(self) -> bool:
        return self.visit.person.stay.here
