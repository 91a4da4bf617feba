"""A reform that is imported a month before it takes effect: meetings after that day are booked with the units to come, those
booked before are told what changed, and one button books the heirs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from meetings.errors import NotFound
from meetings.store import seat_store, unit_store
from meetings.store.database import Database
from meetings.store.datasets import DATA, REFORM, load_dataset
from scheduler import audience_store, points, service
from scheduler.audience import Rule
from scheduler.outbox_table import outbox
from tests.scheduler.conftest import Province
from tests.scheduler.test_audience_store import booked, change, look
from web.commands.units import import_files

DAY = timedelta(days=1)
MAY, IMPORT, JUNE = (datetime(2025, month, day, 2, tzinfo=UTC) for month, day in ((5, 20), (6, 1), (6, 10)))
MEETING = datetime(2025, 7, 5, 2, tzinfo=UTC)


def reform(db: Database, at: datetime) -> None:
    """The files of the reform of 1 July 2025, of this province, loaded as the command does it."""
    rows = list(csv.DictReader(io.StringIO((DATA / "units-vietnam-2025.csv").read_text(encoding="utf-8"))))
    out = io.StringIO()
    sheet = csv.DictWriter(out, list(rows[0]))
    sheet.writeheader()
    sheet.writerows(row for row in rows if "22" in (row["gso_code"], row["parent_code"]))
    import_files(db, out.getvalue().encode(), (DATA / "succession-quang-ninh-2025-07-01.csv").read_bytes(), at)


def named(db: Database, meeting_id: str) -> set[str]:
    with db.read() as conn:
        return {one.name for one in seat_store.seats(conn, meeting_id)}


def communes(db: Database, province: Province, on: date) -> set[str]:
    with db.read() as conn:
        tree = unit_store.tree(conn, on)
        return {one.name for one in tree.subtree(province.unit("22").unit_id, "commune")}


@pytest.fixture
def rule(province: Province) -> Rule:
    return Rule(((province.unit("22").unit_id, "commune"),))


def test_a_meeting_after_the_reform_is_booked_with_the_units_to_come(db: Database, province: Province, rule: Rule) -> None:
    reform(db, IMPORT)
    with db.read() as conn:
        assert len(points.all_points(conn)) == 239 + 54
        assert points.point_by_code(conn, "06979-2025").name == "Xã Kỳ Thượng"
    after, before = (booked(db, province, JUNE, rule, start) for start in (MEETING, MEETING - 10 * DAY))
    assert named(db, after) == communes(db, province, REFORM) and len(named(db, after)) == 54
    assert named(db, before) == communes(db, province, REFORM - DAY) and "Xã Đồn Đạc" in named(db, before)
    assert look(db, JUNE) == look(db, MEETING) == [], "nothing is to be told: the rule meant these units from the beginning"
    reform(db, datetime(2025, 7, 2, tzinfo=UTC))
    with db.read() as conn:
        assert len(points.all_points(conn)) == 239 + 54, "loaded again after the day, nobody has a second point"


def test_what_was_booked_before_the_import_is_told_and_taken_over(db: Database, province: Province, rule: Rule) -> None:
    office = province.office("22")
    ahead, sooner = booked(db, province, MAY, rule, MEETING), booked(db, province, MAY, rule, MEETING - 10 * DAY)
    was = named(db, ahead)
    reform(db, IMPORT)
    found = change(db, ahead)
    assert found is not None and change(db, sooner) is None
    assert {name for _id, name in found.added} == communes(db, province, REFORM)
    assert {name for _id, name in found.removed} == was and not found.renamed
    with db.read() as conn:
        told = [row.payload for row in conn.execute(select(outbox)) if row.payload.get("what") == "audience.changed"]
    assert [one["to"] for one in told] == [{"user": office.secretary.user_id}]
    assert (told[0]["params"]["added"], told[0]["params"]["removed"]) == (54, len(was))
    with db.write() as conn:
        assert audience_store.apply(conn, ahead, office.secretary, JUNE) == 54
        assert len(service.points_of_meeting(conn, ahead)) == 54
        with pytest.raises(NotFound):
            audience_store.apply(conn, ahead, office.secretary, JUNE)
    assert named(db, ahead) == communes(db, province, REFORM) and look(db, MEETING - DAY) == []


def test_a_district_that_is_abolished_means_the_heirs_of_its_communes(db: Database, province: Province) -> None:
    district = province.unit("202")
    ahead = booked(db, province, MAY, Rule(((district.unit_id, "commune"),)), MEETING)
    below = {unit.unit_id for unit in province.tree.subtree(district.unit_id, "commune")}
    reform(db, IMPORT)
    with db.read() as conn:
        lineage, tree = unit_store.lineage(conn), unit_store.tree(conn, REFORM)
    heirs = {tree.get(heir.unit_id).name for unit in below for heir in lineage.successors(unit, REFORM) if heir.unit_id in tree}
    found = change(db, ahead)
    assert found is not None and {name for _id, name in found.added} == heirs and len(heirs) >= 3
    assert len(found.removed) == len(below)


def test_units_whose_import_gave_them_no_point_have_one_when_audiences_are_looked_at(db: Database, province: Province, rule: Rule) -> None:
    ahead = booked(db, province, MAY, rule, MEETING)
    with db.write() as conn:
        load_dataset(conn, "quang-ninh-2025", IMPORT)
    assert look(db, IMPORT) == [ahead]
    found = change(db, ahead)
    assert found is not None and len(found.added) == 54
