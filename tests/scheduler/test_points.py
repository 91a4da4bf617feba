"""Points: one for every unit, codes that stay unique through a reform."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from meetings.errors import NotFound
from meetings.store import unit_store
from meetings.store.database import Database
from meetings.store.datasets import REFORM, load_dataset
from scheduler import points, store
from tests.scheduler.conftest import Province


def test_every_unit_of_2020_has_one_point(db: Database, province: Province) -> None:
    assert len(province.points) == len({point.code for point in province.points}) == 239
    bodies = {point.code for point in province.points if point.code.startswith("SB")}
    assert bodies == {f"SB{number:02}" for number in range(1, 49)}
    assert province.point("06979").name == "Xã Đạp Thanh"
    with db.write() as conn:
        assert points.ensure_points(conn, province.tree) == 0


def test_a_reused_code_gets_the_year(db: Database, at: datetime) -> None:
    with db.write() as conn:
        load_dataset(conn, "quang-ninh-2025", at)
        points.ensure_points(conn, unit_store.tree(conn, date(2025, 6, 30)))
        assert points.ensure_points(conn, unit_store.tree(conn, REFORM)) == 54
        old, new = points.point_by_code(conn, "06979"), points.point_by_code(conn, "06979-2025")
    assert (old.name, new.name) == ("Xã Đạp Thanh", "Xã Kỳ Thượng")


def test_the_whole_country_gets_its_points(
    sqlite_db: Database, at: datetime, settle_in: Callable[..., Province]
) -> None:
    assert len(settle_in(sqlite_db, at, "vietnam-2025").points) == 3355


def test_points_are_found_by_id_code_and_unit(db: Database, province: Province) -> None:
    wanted = province.point("202")
    with db.read() as conn:
        assert points.points_by_id(conn, [wanted.point_id]) == {wanted.point_id: wanted}
        assert points.point_by_code(conn, "202") == wanted
        assert points.points_of(conn, wanted.unit_id) == [wanted]
        with pytest.raises(NotFound) as refused:
            points.points_by_id(conn, [wanted.point_id, 98765])
        assert refused.value.params["points"] == [98765]
        with pytest.raises(NotFound):
            points.point_by_code(conn, "nowhere")


def test_a_point_cannot_be_deleted_or_change_its_code(db: Database, province: Province) -> None:
    mine = store.point.c.point_id == province.point("202").point_id
    for change in (store.point.delete().where(mine), store.point.update().where(mine).values(code="x")):
        with pytest.raises(IntegrityError), db.write() as conn:
            conn.execute(change)
