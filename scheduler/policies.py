"""What the levels have agreed on about bookings, as rows: the newest one holds, none is changed.  See `approval.Policy`.

Read by every booking; written by an administrator's page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from meetings.access import Action, Resource, Subject, require
from meetings.errors import Invalid
from meetings.store import ledger_store, unit_store
from scheduler import store
from scheduler.approval import Policy
from scheduler.workday_store import working_days

LONGEST: Final = timedelta(days=60)
_PARTS: Final = ("confirms", "displaces", "answer_within", "remind_before")


def current(conn: Connection) -> Policy:
    """What holds now; what no row says is as `Policy` has it.  Only working days count for its deadlines."""
    data = conn.execute(select(store.booking_policy.c.data).order_by(store.booking_policy.c.policy_id.desc()).limit(1)).scalar()
    return replace(parse(data or {}), works=working_days(conn).works)


def parse(data: Mapping[str, Any], levels: Mapping[str, int] | None = None) -> Policy:
    """`data`: {confirms: [level], displaces: [[level, level]], answer_within | remind_before: {level or "": minutes}}.

    With `levels` (level → rank, the highest is 1), no others are named, and only a higher one displaces a lower.  Raises Invalid("policy.part" | "policy.level" | "policy.minutes" | "policy.displaces").
    """
    if not isinstance(data, Mapping) or data.keys() - set(_PARTS):
        raise Invalid("policy.part", field="policy", known=", ".join(_PARTS))
    whole = Policy()
    pairs = frozenset(_pair(pair) for pair in _list(data.get("displaces", []), "displaces"))
    confirms = frozenset(str(level) for level in _list(data.get("confirms", []), "confirms"))
    answer = _minutes(data, "answer_within", whole.answer_within)
    remind = _minutes(data, "remind_before", whole.remind_before)
    named = confirms | {level for pair in pairs for level in pair} | ((answer.keys() | remind.keys()) - {""})
    if levels is not None and (unknown := named - levels.keys()):
        raise Invalid("policy.level", field="policy", level=sorted(unknown)[0], known=", ".join(sorted(levels)))
    if levels is not None and any(levels[higher] >= levels[lower] for higher, lower in pairs):
        raise Invalid("policy.displaces", field="displaces")
    return Policy(confirms, pairs, answer, remind)


def as_data(policy: Policy) -> dict[str, Any]:
    """What `parse` reads."""
    return {
        "confirms": sorted(policy.confirms), "displaces": sorted(map(list, policy.displaces)),
        "answer_within": {level: round(span / timedelta(minutes=1)) for level, span in policy.answer_within.items()},
        "remind_before": {level: round(span / timedelta(minutes=1)) for level, span in policy.remind_before.items()},
    }


def put(conn: Connection, data: Mapping[str, Any], by: Subject, at: datetime) -> Policy:
    """This holds from now on.  Raises as `parse`, NotFound for those who may not."""
    require(by, Action.POLICY_KEEP, Resource("policy"))
    policy = parse(data, {level.level_id: level.rank for level in unit_store.levels(conn)})
    conn.execute(store.booking_policy.insert().values(data=as_data(policy), made_at=at, made_by=by.user_id))
    ledger_store.append(conn, None, "policy.changed", at, by, data=as_data(policy))
    return policy


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > 100:
        raise Invalid("policy.part", field=field, known=", ".join(_PARTS))
    return value


def _pair(value: Any) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2 or value[0] == value[1]:
        raise Invalid("policy.displaces", field="displaces")
    return str(value[0]), str(value[1])


def _minutes(data: Mapping[str, Any], part: str, usual: Mapping[str, timedelta]) -> dict[str, timedelta]:
    told = data.get(part, {})
    if not isinstance(told, Mapping) or len(told) > 100:
        raise Invalid("policy.part", field=part, known=", ".join(_PARTS))
    spans = dict(usual)
    for level, minutes in told.items():
        if isinstance(minutes, bool) or not isinstance(minutes, int) or not 0 < minutes <= LONGEST // timedelta(minutes=1):
            raise Invalid("policy.minutes", field=part, most=LONGEST // timedelta(minutes=1))
        spans[str(level)] = timedelta(minutes=minutes)
    return spans
