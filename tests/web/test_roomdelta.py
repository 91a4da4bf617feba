"""What differs between two states, applied to the older one, is the newer one; and sections of different areas do not collide."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from meetings import service
from meetings.admission import link_secret
from meetings.store import tables
from meetings.store.database import Database
from meetings.voting import COUNCIL
from tests.support.factories import CHAIR, POINTS, opened, seat_of
from web import roomdelta
from web.parts import PARTS, sections
from web.parts.look import Look

LEAF = st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3) | st.lists(st.integers(0, 3), max_size=3)
VALUE = LEAF | st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), LEAF | st.dictionaries(st.sampled_from("xy"), LEAF), max_size=4)
STATES = st.fixed_dictionaries({name: VALUE for name in ("one", "two", "three")})


@given(STATES, STATES)
def test_the_difference_makes_the_newer_state_of_the_older(older: dict[str, Any], newer: dict[str, Any]) -> None:
    parts_ = roomdelta.between(older, newer)
    assert roomdelta.after(older, json.loads(json.dumps(parts_))) == newer
    assert bool(parts_) == (older != newer)


def test_of_a_section_that_grows_with_points_one_change_travels_alone() -> None:
    present = {str(code): 1 for code in range(239)}
    parts_ = roomdelta.between({"present": present}, {"present": {**present, "999": 1}})
    assert parts_ == {"present": {"set": {"999": 1}, "gone": []}}


def test_areas_have_sections_of_their_own_and_all_go_over_the_wire(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        look = Look(conn, service.state(conn, meeting_id), at)
        made = [part(look) for part in PARTS]
    names = [name for one in made for name in one]
    assert len(names) == len(set(names)) and "points" in names
    assert json.loads(json.dumps(made)) == made


def test_no_secret_leaves_in_the_state(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        service.mint(conn, meeting_id, "publish", "06970", 3, at=at)
        motion = service.motion_open(conn, meeting_id, "Một", COUNCIL, by=CHAIR, at=at)
        receipt = service.cast(conn, motion, 1, "for", by=seat_of(meeting_id, POINTS[0]), at=at)
        shown = json.dumps(sections(Look(conn, service.state(conn, meeting_id), at)))
        digests = conn.execute(select(tables.ticket.c.token_sha256)).scalars().all()
        links = service.links(conn, meeting_id)
    hidden = [*digests, receipt, *(link.link_id for link in links), *(link_secret(b"k", l.link_id, 1) for l in links),
              "u-chair", "u-secretary"]
    assert not [text for text in hidden if text in shown]
