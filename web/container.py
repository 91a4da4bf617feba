"""What the parts of one running installation are, in one place.  Built by `web/app.py`, handed to every route.

It holds no logic.  `container(request)` is how a route reaches it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from fastapi import Request

from meetings.blobs import BlobStore
from meetings.store.database import Database
from web.api.pace import Pace
from web.aside import Aside
from web.chains import Chains
from web.drawn import Drawn
from web.i18n import I18n
from web.keys import Keys
from web.limits import ACTS_AT_ONCE, ACTS_PER_SECOND, PAGES_AT_ONCE, PAGES_PER_SECOND, TICKETS_PER_POINT
from web.metrics import Counts
from web.pageimages import Press
from web.receipts import Receipts
from web.settings import Settings
from web.together import Together
from web.walls import Walls
from web.when import When


class Clock(Protocol):
    """The one source of the present; tests hand in a clock they can turn."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(slots=True)
class Container:
    """The adapters of one installation.  `hub` and `signers` stay None until their package stands."""

    settings: Settings
    db: Database
    blobs: BlobStore
    aside: Aside
    press: Press
    clock: Clock
    keys: Keys
    i18n: I18n
    when: When
    counts: Counts = field(default_factory=Counts)
    pace: Pace = field(default_factory=Pace)
    paper_pace: Pace = field(default_factory=lambda: Pace(PAGES_AT_ONCE, PAGES_PER_SECOND))
    drawn: Drawn = field(default_factory=Drawn)
    room_pace: Pace = field(default_factory=lambda: Pace(ACTS_AT_ONCE, ACTS_PER_SECOND))
    walls: Walls = field(default_factory=Walls)
    test_pace: Pace = field(default_factory=lambda: Pace(TICKETS_PER_POINT, TICKETS_PER_POINT / 60))
    downloads: set[str] = field(default_factory=set)  # the line tests whose bytes go down now
    hub: Any = None
    signers: Any = None
    recordings: Any = None
    composer: Any = None
    receipts: Receipts = field(default_factory=Receipts)
    chains: Chains = field(default_factory=Chains)
    results: Together = field(init=False)  # of line tests: a province reports at once
    ballots: Together = field(init=False)  # a hall votes at once

    def __post_init__(self) -> None:
        self.results = Together(self.db)
        self.ballots = Together(self.db)

    def ending(self) -> None:
        """Every stream of news ends, so that the server can stop."""
        self.hub.feed.close()
        self.walls.close()


def container(request: Request) -> Container:
    found: Container = request.app.state.container
    return found
