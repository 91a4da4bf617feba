"""An audience as a program names it (units, levels, codes) → the points it means on the meeting's day.

The same reach as the booking form: the subtree of the unit that convenes, and what the meeting holds already.  Nothing
is booked here.  Called by `meetings.py` and `freeslots.py` with an open connection.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from meetings.errors import Invalid, NotFound
from scheduler import points as point_store
from scheduler.audience import Audience
from scheduler.booking import Point
from web import places, store
from web.api.problem import for_field, wrong
from web.api.shapes_meetings import AudienceIn
from web.errors import explain

NAMED = 20


def resolve(conn: Connection, wanted: AudienceIn, on: date, field: str = "audience") -> list[Point]:
    """The points meant, in the order of the tree.  Raises Refused (units or codes that are none, each named),
    Invalid("booking.nobody") where nobody is meant."""
    tree, every = places.tree(conn, on), point_store.all_points(conn)
    ids = {point.code: point.point_id for point in every}
    errors = [
        for_field(f"/{field}/{part}/{place}", "point.unknown", explain(NotFound("point.unknown")))
        for part in ("add", "remove") for place, code in enumerate(getattr(wanted, part)) if code not in ids
    ]
    errors += [
        for_field(f"/{field}/rules/{place}/unit", "unit.unknown", explain(NotFound("unit.unknown")))
        for place, rule in enumerate(wanted.rules) if rule.unit not in tree
    ]
    if errors:
        raise wrong(errors[:NAMED])
    audience = Audience(
        tuple((rule.unit, rule.level) for rule in wanted.rules), frozenset(ids[code] for code in wanted.add),
        frozenset(ids[code] for code in wanted.remove),
    )
    ended = [point for point in every if point.point_id in audience.points_added and point.unit_id not in tree]
    if ended:
        names = [point.name for point in ended]
        raise Invalid("booking.unit_ended", field=field, points=names[:NAMED], count=len(ended), on=on)
    found = audience.resolve(tree, every, on)
    if not found:
        raise Invalid("booking.nobody", field=field)
    return found


def main_point(conn: Connection, points: list[Point], chair_id: str, unit_id: str) -> int | None:
    """Where the chair sits: the point of the chair's unit, else of the convening unit, else the highest one."""
    for wanted in (store.get_account(conn, chair_id).unit_id, unit_id):
        for point in points:
            if point.unit_id == wanted:
                return point.point_id
    return points[0].point_id if points else None
