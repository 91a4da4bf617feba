"""What people decided of single points since an audience was chosen stands in its rule, so that a merger is told from it.

The tables stay as they are.  Of meetings ahead: points that they have beyond those once meant were added by somebody, those that
their secretary gave back were taken out, groups are those who are in them now; a meeting without a rule gets one that means
its points.  What was told already is looked at again by the product itself.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0024_audience_known"
down_revision = "0023_rooms"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
HANOI = timedelta(hours=7)
meeting = sa.table("meeting", sa.column("meeting_id", sa.String), sa.column("state", sa.String), sa.column("starts_at", AT))
booking = sa.table("booking", sa.column("booking_id", sa.Integer), sa.column("meeting_id", sa.String), sa.column("point_id", sa.Integer),
                   sa.column("state", sa.String), sa.column("why", sa.String))
point_group = sa.table("point_group", sa.column("group_id", sa.String), sa.column("points", sa.Text))
kept = sa.table("meeting_audience", sa.column("meeting_id", sa.String), sa.column("rule", sa.Text), sa.column("resolved_on", sa.Date),
                sa.column("points", sa.Text), sa.column("change", sa.Text), sa.column("looked_at", AT))


def upgrade() -> None:
    conn = op.get_bind()
    ahead = {row.meeting_id: row.starts_at for row in conn.execute(sa.select(meeting).where(meeting.c.state.in_(("draft", "convened"))))}
    live, given = _points(conn)
    groups = {row.group_id: json.loads(row.points) for row in conn.execute(sa.select(point_group))}
    rows = {row.meeting_id: row for row in conn.execute(sa.select(kept))}
    for meeting_id, starts_at in ahead.items():
        have = live.get(meeting_id, set())
        if (row := rows.get(meeting_id)) is not None:
            values = _filled(json.loads(row.rule), set(json.loads(row.points)), have, given.get(meeting_id, set()), groups)
            conn.execute(sa.update(kept).where(kept.c.meeting_id == meeting_id).values(**values))
        elif have:
            day = ((starts_at if starts_at.tzinfo else starts_at.replace(tzinfo=UTC)).astimezone(UTC) + HANOI).date()
            values = _filled({}, set(), have, set(), groups)
            conn.execute(sa.insert(kept).values(meeting_id=meeting_id, resolved_on=day, looked_at=datetime.now(UTC), **values))


def downgrade() -> None:
    """The rows say nothing that the older product does not understand."""


def _points(conn: sa.Connection) -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    """Meeting → the points it has; those that were given back last by whoever convened it."""
    live, given = dict[str, set[int]](), dict[str, set[int]]()
    rows = sa.select(booking).where(booking.c.meeting_id.is_not(None)).order_by(booking.c.booking_id)
    for row in conn.execute(rows):
        for found, mine in ((live, row.state in ("confirmed", "pending")), (given, row.state == "released" and row.why == "given_back")):
            points = found.setdefault(row.meeting_id, set())
            (points.add if mine else points.discard)(row.point_id)
    return live, given


def _filled(
    rule: dict[str, Any], known: set[int], have: set[int], given: set[int], groups: dict[str, list[int]],
) -> dict[str, str]:
    rule = {"parts": [], "groups": [], "added": [], "removed": [], **rule}
    members = {point for group in rule["groups"] for point in groups.get(group, ())}
    gone = (known - have) & given
    rule["added"] = sorted(((set(rule["added"]) | members) - gone) | (have - known))
    rule["removed"] = sorted((set(rule["removed"]) - have) | gone)
    return {"rule": _text(rule), "points": _text(sorted(known | have))}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
