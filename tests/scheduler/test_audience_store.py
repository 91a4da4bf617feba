"""Kept audiences through the reform of 2025: what a rule means changes, what took place does not; named groups."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from meetings import service as meetings
from meetings.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from meetings.store import ledger_store, seat_store, unit_store
from meetings.store.database import Database
from meetings.store.datasets import load_dataset
from meetings.store.tables import meeting as meeting_table
from meetings.store.unit_tables import unit_version
from scheduler import audience_store, points, requests, service, store
from scheduler.approval import Offer
from scheduler.audience import Difference, Rule
from scheduler.audience_table import meeting_audience
from scheduler.outbox_table import outbox
from tests.scheduler.conftest import Province
from tests.scheduler.test_audience_stories import merged
from tests.scheduler.test_request_troubles import two_points
from tests.scheduler.test_requests import answer, asked, office_of, policy, rows
from tests.scheduler.test_service import ids, one_engine

DAY = timedelta(days=1)


def booked(db: Database, province: Province, at: datetime, rule: Rule, start: datetime) -> str:
    """A meeting of the province whose points were chosen by the rule."""
    office = province.office("22")
    meeting_id = office.draft(db, start, hours=1)
    with db.write() as conn:
        tree = unit_store.tree(conn, start.date())
        named = {one.group_id: one.points for one in audience_store.groups(conn)}
        chosen = [one.point_id for one in rule.meant(tree, points.all_points(conn), unit_store.lineage(conn), named)]
        service.book(conn, meeting_id, chosen, office.secretary, at)
        audience_store.keep(conn, [meeting_id], rule, chosen, at)
    return meeting_id


def reform(db: Database, at: datetime) -> None:
    """The communes of 2025 are loaded as the command does it."""
    with db.write() as conn:
        load_dataset(conn, "quang-ninh-2025", at)
        points.ensure_points(conn, unit_store.tree(conn, at.date()))


def look(db: Database, at: datetime) -> list[str]:
    with db.write() as conn:
        return audience_store.reresolve(conn, at)


def change(db: Database, meeting_id: str) -> Difference | None:
    with db.read() as conn:
        return audience_store.change_of(conn, meeting_id)


def test_a_merger_between_booking_and_meeting_is_said_told_once_and_applied(db: Database, province: Province, at: datetime) -> None:
    root, office = province.unit("22").unit_id, province.office("22")
    communes = Rule(((root, "commune"),), added=frozenset({province.point("22").point_id, province.point("202").point_id}))
    ahead = booked(db, province, at, communes, at + 3 * DAY)
    past = booked(db, province, at, communes, at + DAY)
    with db.write() as conn:
        conn.execute(update(meeting_table).where(meeting_table.c.meeting_id == past).values(state="open", opened_at=at))
        names = [one.name for one in seat_store.seats(conn, past)]
    assert look(db, at) == [], "nothing has changed yet"
    reform(db, at)
    assert look(db, at) == [ahead] and look(db, at) == [], "told once"
    found = change(db, ahead)
    assert found is not None and change(db, past) is None
    assert "Xã Đồn Đạc" in {name for _id, name in found.removed} and "Huyện Ba Chẽ" in {name for _id, name in found.removed}
    assert len([name for _id, name in found.added]) >= 50 and "Đặc khu Cô Tô" in {name for _id, name in found.added}
    with db.read() as conn:
        told = [row.payload for row in conn.execute(select(outbox)) if row.payload.get("what") == "audience.changed"]
        tree = unit_store.tree(conn, at.date())
    assert [one["to"] for one in told] == [{"user": office.secretary.user_id}]
    assert told[0]["params"]["removed"] == len(found.removed)
    with db.write() as conn:
        count = audience_store.apply(conn, ahead, office.secretary, at)
        assert count == len(seat_store.seats(conn, ahead)) == 1 + len(tree.subtree(root, "commune"))
        with pytest.raises(NotFound):
            audience_store.apply(conn, ahead, office.secretary, at)
    assert change(db, ahead) is None and look(db, at) == []
    with db.read() as conn:
        assert [one.name for one in seat_store.seats(conn, past)] == names, "history keeps the names that were valid on its day"
        assert {one.name for one in seat_store.seats(conn, ahead)} >= {"Tỉnh Quảng Ninh", "Xã Ba Chẽ"}


def test_the_day_of_the_meeting_decides_not_the_day_of_the_look(db: Database, province: Province, at: datetime) -> None:
    rule = Rule(((province.unit("202").unit_id, "commune"),))
    before, after = (booked(db, province, at, rule, at + days * DAY) for days in (2, 30))
    ends = (at + 10 * DAY).date()
    with db.write() as conn:
        conn.execute(update(unit_version).where(unit_version.c.name == "Xã Đồn Đạc").values(valid_to=ends))
    assert look(db, at) == [after] and change(db, before) is None
    found = change(db, after)
    assert found is not None and [name for _id, name in found.removed] == ["Xã Đồn Đạc"] and not found.added


def test_a_unit_that_is_renamed_keeps_its_point_and_old_seats_their_name(db: Database, province: Province, at: datetime) -> None:
    office, baché = province.office("22"), province.unit("202")
    rule = Rule(((baché.unit_id, "district"),))
    meeting_id = booked(db, province, at, rule, at + 30 * DAY)
    day = (at + 10 * DAY).date()
    with db.write() as conn:
        row = dict(conn.execute(select(unit_version).where(unit_version.c.unit_id == baché.unit_id)).one()._mapping)
        conn.execute(update(unit_version).where(unit_version.c.unit_id == baché.unit_id).values(valid_to=day))
        conn.execute(unit_version.insert().values({**row, "valid_from": day, "name": "Huyện Ba Chẽ mới"}))
    assert look(db, at) == [meeting_id]
    found = change(db, meeting_id)
    assert found is not None and [pair[1:] for pair in found.renamed] == [("Huyện Ba Chẽ", "Huyện Ba Chẽ mới")]
    with db.write() as conn:
        [old] = points.kept(conn, [points.points_of(conn, baché.unit_id)[0].point_id])
        assert points.rename(conn, unit_store.tree(conn, day)) == 1
        [new] = points.kept(conn, [old.point.point_id])
        assert new.point.name == "Huyện Ba Chẽ mới" and new.version > old.version, "a sheet of before is too old now"
        conn.rollback()
    with db.read() as conn:
        assert points.points_of(conn, baché.unit_id)[0].name == "Huyện Ba Chẽ", "today it is still called so"
    with db.write() as conn:
        audience_store.apply(conn, meeting_id, office.secretary, at)
    with db.read() as conn:
        assert [one.name for one in seat_store.seats(conn, meeting_id)] == ["Huyện Ba Chẽ mới"]
        last = [event for event in ledger_store.events(conn, meeting_id) if event.kind == "meeting.booked"][-1]
    assert last.data["points"][0]["name"] == "Huyện Ba Chẽ mới"
    assert look(db, at + 11 * DAY) == []
    with db.read() as conn:
        assert points.points_of(conn, baché.unit_id)[0].name == "Huyện Ba Chẽ mới"


def test_removed_points_stay_out_and_ended_ones_are_followed_by_their_heirs(db: Database, province: Province, at: datetime) -> None:
    root = province.unit("22").unit_id
    out = province.point("22").point_id
    all_but_one = booked(db, province, at, Rule(((root, None),), removed=frozenset({out})), at + 3 * DAY)
    gone = next(one for one in province.tree if one.name == "Xã Đồn Đạc")
    single = booked(db, province, at, Rule(added=frozenset({province.point(gone.gso_code).point_id})), at + 4 * DAY)
    reform(db, at)
    assert set(look(db, at)) == {all_but_one, single}
    assert out not in {point_id for point_id, _name in change(db, all_but_one).added}  # type: ignore[union-attr]
    with db.read() as conn:
        heirs = [one.unit_id for one in unit_store.lineage(conn).successors(gone.unit_id, at.date()) if one.unit_id]
    found = change(db, single)
    assert found is not None and len(found.added) == len(heirs) >= 1 and [name for _id, name in found.removed] == ["Xã Đồn Đạc"]


def test_what_people_answer_add_and_take_out_is_no_merger_and_none_undoes_it(db: Database, province: Province, at: datetime) -> None:
    """Two districts' communes by rule: own ones are booked, the others asked; every way in which a point can come or go."""
    own, others, outside = (province.under(code, "commune") for code in ("202", "203", "205"))
    office, top, start = province.office("202"), province.office("22"), at + 30 * DAY
    policy(db, at, displaces=[["province", "district"]])
    meeting_id = office.draft(db, start, hours=1)
    rule = Rule(tuple((province.unit(code).unit_id, "commune") for code in ("202", "203")))
    with db.write() as conn:
        service.book(conn, meeting_id, ids([*own, *others]), office.secretary, at)
        audience_store.keep(conn, [meeting_id], rule, ids([*own, *others]), at)
    one = {request.request.point_ids[0]: request for request in asked(db, meeting_id)}
    refuser, silent = others[0].point_id, others[1].point_id
    answer(db, "decline", one[refuser], province.office("203"), at, "Bận")
    with db.write() as conn:
        service.book(conn, meeting_id, [*rows(db, meeting_id), outside[0].point_id], office.secretary, at)      # invited on the tab
    [added] = [request for request in asked(db, meeting_id) if request.request.point_ids == (outside[0].point_id,)]
    for unit_id in added.request.route:
        answer(db, "agree", added, office_of(province, unit_id), at)
    taker = top.draft(db, start, hours=1)
    with db.write() as conn:
        service.forgo(conn, meeting_id, [own[0].point_id], office.secretary, at)                                # and another given up
        service.book(conn, taker, [own[1].point_id], top.secretary, at, displace="Họp khẩn")
    while (due := {request.request.point_ids[0]: request.request.next_at for request in asked(db, meeting_id)}[silent]) is not None:
        requests.chore(db, due)
    assert look(db, at + DAY) == [] and change(db, meeting_id) is None, "nothing of it is a merger"
    before = set(rows(db, meeting_id))
    assert outside[0].point_id in before and not before & {refuser, silent, own[0].point_id, own[1].point_id}
    day = (start - 5 * DAY).date()
    with db.write() as conn:
        made = [merged(conn, [pair[0].unit_id, pair[1].unit_id], day, name, at)
                for pair, name in ((own[2:4], "Xã Hợp Nhất"), (outside[:2], "Xã Hợp Hai"))]
    assert look(db, at + DAY) == [meeting_id] and look(db, at + DAY) == []
    found = change(db, meeting_id)
    assert found is not None and {name for _id, name in found.added} == {"Xã Hợp Nhất", "Xã Hợp Hai"}
    assert {point for point, _name in found.removed} == {*ids(own[2:4]), outside[0].point_id}
    with db.write() as conn:
        audience_store.apply(conn, meeting_id, office.secretary, at + DAY)
        new = {points.points_of(conn, unit_id)[0].point_id for unit_id in made}
    assert set(rows(db, meeting_id)) == (before - {*ids(own[2:4]), outside[0].point_id}) | new, "what it changed, and nothing more"
    assert look(db, at + DAY) == [] and change(db, meeting_id) is None


@one_engine
def test_a_point_that_was_offered_and_taken_is_the_rules_from_then_on(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request, room = two_points(db, province, at)
    office = province.office("202")
    with db.write() as conn:
        audience_store.keep(conn, [meeting_id], Rule(added=frozenset(rows(db, meeting_id))), rows(db, meeting_id), at)
    answer(db, "counter", request, office_of(province, request.request.owner), at, Offer((room,)), "")
    with db.write() as conn:
        service.accept(conn, request.request_id, office.secretary, at)
        row = conn.execute(select(meeting_audience).where(meeting_audience.c.meeting_id == meeting_id)).one()
    assert Rule.of_data(row.rule) == Rule(added=frozenset({province.point("202").point_id, room}), removed=frozenset(request.request.point_ids))
    assert look(db, at) == []


@one_engine
def test_a_meeting_chosen_point_by_point_learns_of_a_merger_too(db: Database, province: Province, at: datetime) -> None:
    office, communes = province.office("202"), province.under("202", "commune")[:2]
    meeting_id = office.draft(db, at + 30 * DAY, hours=1)
    with db.write() as conn:
        service.book(conn, meeting_id, ids(communes), office.secretary, at)
    assert look(db, at) == []
    with db.write() as conn:
        merged(conn, [one.unit_id for one in communes], (at + 9 * DAY).date(), "Xã Hợp Nhất", at)
    assert look(db, at) == [meeting_id]
    found = change(db, meeting_id)
    assert found is not None and [name for _id, name in found.added] == ["Xã Hợp Nhất"] and len(found.removed) == 2


@one_engine
def test_two_mergers_that_count_the_same_are_told_twice(db: Database, province: Province, at: datetime) -> None:
    communes = province.under("202", "commune")[:4]
    meeting_id = booked(db, province, at, Rule(((province.unit("202").unit_id, "commune"),)), at + 30 * DAY)
    for number, pair in enumerate((communes[:2], communes[2:])):
        with db.write() as conn:
            merged(conn, [one.unit_id for one in pair], (at + 9 * DAY).date(), f"Xã Số {number}", at)
        assert look(db, at) == [meeting_id]
        with db.write() as conn:
            audience_store.apply(conn, meeting_id, province.office("22").secretary, at)
    with db.read() as conn:
        assert len([row for row in conn.execute(select(outbox)) if row.payload.get("what") == "audience.changed"]) == 2


@one_engine
def test_another_room_of_a_unit_is_no_merger(db: Database, province: Province, at: datetime) -> None:
    meeting_id = booked(db, province, at, Rule(((province.unit("202").unit_id, "commune"),)), at + 3 * DAY)
    with db.write() as conn:
        conn.execute(store.point.insert().values(code="ROOM2", name="Phòng họp 2", unit_id=province.under("202", "commune")[0].unit_id))
    assert look(db, at) == [] and change(db, meeting_id) is None


@one_engine
def test_seats_bear_the_name_of_the_meetings_day_where_it_is_known_already(db: Database, province: Province, at: datetime) -> None:
    baché, day = province.unit("202"), (at + 10 * DAY).date()
    with db.write() as conn:
        row = dict(conn.execute(select(unit_version).where(unit_version.c.unit_id == baché.unit_id)).one()._mapping)
        conn.execute(update(unit_version).where(unit_version.c.unit_id == baché.unit_id).values(valid_to=day))
        conn.execute(unit_version.insert().values({**row, "valid_from": day, "name": "Huyện Ba Chẽ mới"}))
        values = {"code": "ROOM2", "name": "Phòng họp 2", "unit_id": baché.unit_id}
        room = conn.execute(store.point.insert().values(values).returning(store.point.c.point_id)).scalar_one()
    meeting_id = booked(db, province, at, Rule(((baché.unit_id, "district"),), added=frozenset({room})), at + 30 * DAY)
    with db.read() as conn:
        assert {one.name for one in seat_store.seats(conn, meeting_id)} == {"Huyện Ba Chẽ mới", "Phòng họp 2"}
    assert look(db, at) == []


def test_named_groups_are_kept_used_and_removed(db: Database, province: Province, at: datetime) -> None:
    office, other = province.office("22"), province.office("202")
    chosen = {province.point(code).point_id for code in ("202", "207")}
    path = office.unit.path
    with db.write() as conn:
        group_id = audience_store.group_save(conn, path, " Các huyện đảo ", chosen, office.secretary, at)
        with pytest.raises(Conflict, match=r"group\.name"):
            audience_store.group_save(conn, path, "Các huyện đảo", chosen, office.secretary, at)
        with pytest.raises(Invalid, match=r"group\.empty"):
            audience_store.group_save(conn, path, "Trống", [], office.secretary, at)
        with pytest.raises(NotFound):
            audience_store.group_save(conn, path, "Của người khác", chosen, other.secretary, at)
    meeting_id = booked(db, province, at, Rule(groups=(group_id,)), at + DAY)
    with db.write() as conn:
        assert set(service.points_of_meeting(conn, meeting_id)) == chosen
        audience_store.group_save(conn, path, "Các huyện đảo", {*chosen, province.point("22").point_id}, office.secretary, at, group_id=group_id, version=1)
        with pytest.raises(Stale):
            audience_store.group_save(conn, path, "Đảo", chosen, office.secretary, at, group_id=group_id, version=1)
    assert look(db, at) == [], "who joins a group later was not invited by it"
    with db.write() as conn:
        audience_store.group_remove(conn, path, group_id, office.secretary)
        with pytest.raises(NotFound):
            audience_store.group(conn, group_id)
        assert audience_store.groups(conn) == []
    assert look(db, at) == [], "meetings that were chosen by it keep their points"


def test_strangers_apply_nothing(db: Database, province: Province, at: datetime) -> None:
    meeting_id = booked(db, province, at, Rule(((province.unit("22").unit_id, "district"),)), at + DAY)
    with pytest.raises(NotAllowed), db.write() as conn:
        audience_store.apply(conn, meeting_id, province.office("202").secretary, at)
    with db.read() as conn:
        assert meetings.get(conn, meeting_id).start.date() == date(2026, 3, 6)


def test_a_rule_comes_back_as_it_was_kept() -> None:
    rule = Rule((("u1", "commune"), ("u2", None)), ("g1",), frozenset({3, 1}), frozenset({2}))
    assert Rule.of_data(rule.as_data()) == rule
    found = Difference(((1, "A"),), ((2, "B"),), ((3, "C", "D"),))
    assert Difference.of_data(found.as_data()) == found and not Difference()
