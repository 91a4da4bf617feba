"""The votes of a meeting as its tab and the console show them: rule, reckoning, who voted how once it is closed.  Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from meetings.store import seat_store, slip_store, vote_store
from meetings.voting import Method, Option, Rule, Tally
from web import voting_words as said
from web.i18n import _

NAMED = 400
"""Voters shown by name on one page; the minutes and the packet hold all."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One motion.  standing: prepared, open, closed.  rows: (option, votes), named: (choice in words, voters), only once closed.

    joins: the vote of the meeting that slips are counted with; then `parts` are (option, at the meeting, by slips, together).
    opinions: (who, what was said beside the choice).
    """

    motion_id: str
    title: str
    standing: str
    row: Row[Any]
    rule: Rule
    options: Sequence[Option]
    rule_said: str
    method_said: str
    cast: int = 0
    voters: int = 0
    quorum: str = ""
    rows: tuple[tuple[str, int], ...] = ()
    sums: str = ""
    verdict: str = ""
    passed: bool = False
    named: tuple[tuple[str, tuple[str, ...]], ...] = ()
    count: Row[Any] | None = None
    joins: str | None = None
    parts: tuple[tuple[str, int, int, int], ...] = ()
    opinions: tuple[tuple[str, str], ...] = ()

    @property
    def by_hand(self) -> bool:
        return self.row.method == Method.HANDS

    @property
    def by_slip(self) -> bool:
        return self.row.method == Method.SLIP


def votes(conn: Connection, meeting_id: str, *, names: bool = True) -> list[Vote]:
    """In the order of their making."""
    rows = vote_store.motions(conn, meeting_id)
    options = vote_store.options(conn, [row.motion_id for row in rows])
    codes = {seat.point_id: seat.name for seat in seat_store.seats(conn, meeting_id)} if names else {}
    joined = slip_store.joined(conn, meeting_id)
    return [_vote(conn, row, options[row.motion_id], codes, joined.get(row.motion_id)) for row in rows]


def _vote(conn: Connection, row: Row[Any], options: Sequence[Option], points: dict[int, str], joins: str | None) -> Vote:
    rule, slip = Rule.from_data(row.rule), row.method == Method.SLIP
    base = {"joins": joins, "motion_id": row.motion_id, "title": row.title, "row": row, "rule": rule, "options": options,
            "rule_said": said.rule_said(rule, options), "method_said": _(said.METHODS[row.method])}
    if row.opened_at is None:
        return Vote(**base, standing="prepared")
    turnout = vote_store.by_point(conn, row.motion_id)
    base |= {"cast": sum(cast for cast, _may in turnout.values()), "voters": sum(may for _cast, may in turnout.values())}
    if row.method == Method.HANDS:
        base["count"] = vote_store.last_count(conn, row.motion_id)
    if slip:
        base["quorum"] = said.asked_said(base["voters"], base["cast"])
    if row.closed_at is None:
        return Vote(**{"quorum": said.quorum_said(rule, row.present, row.quorum_needed, row.entitled), **base}, standing="open")
    result = Tally.from_data(row.tally)
    if joins:
        base["parts"] = _parts(conn, row.motion_id, joins, options, result)
    if slip and points:
        base["opinions"] = tuple((_named_as(one, points), one.opinion) for one in slip_store.slips(conn, row.motion_id)[:NAMED] if one.opinion)
    return Vote(
        **{"quorum": said.quorum_said(rule, result.present, row.quorum_needed, result.entitled), **base}, standing="closed",
        rows=tuple((said.option_said(option, slip), result.counts.get(option.choice, 0)) for option in options),
        sums=said.arithmetic_said(rule, options, result), verdict=said.verdict_said(options, result), passed=result.passed,
        named=_named(conn, row.motion_id, options, points, slip) if points else ())


def _parts(
    conn: Connection, motion_id: str, joins: str, options: Sequence[Option], result: Tally,
) -> tuple[tuple[str, int, int, int], ...]:
    slips = vote_store.counts(conn, motion_id)
    before = Tally.from_data(vote_store.load(conn, joins).tally).counts
    return tuple((said.option_said(option, True), before.get(option.choice, 0), slips.get(option.choice, 0), result.counts.get(option.choice, 0))
                 for option in options)


def _named(
    conn: Connection, motion_id: str, options: Sequence[Option], points: dict[int, str], slip: bool,
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    voters = vote_store.named(conn, motion_id)[:NAMED]
    names = {one.voter_id: _named_as(one, points) for one in voters}
    groups = [(said.option_said(option, slip), tuple(names[one.voter_id] for one in voters if one.choice == option.choice)) for option in options]
    silent = tuple(names[one.voter_id] for one in voters if one.choice is None)
    away = () if slip else tuple(names[one.voter_id] for one in voters if one.stayed is None)
    nothing = _("Không trả lời") if slip else _("Không bỏ phiếu")
    return tuple((what, who) for what, who in (*groups, (nothing, silent), (_("Vắng mặt khi khóa"), away)) if who)


def _named_as(one: Row[Any], points: dict[int, str]) -> str:
    return f"{one.name} ({points.get(one.point_id, '')})" if one.person_id else str(one.name)
