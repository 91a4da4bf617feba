"""A list as one parameter: the same rows as an IN list would give, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, select

from meetings.store.among import among
from meetings.store.database import Database

thing = Table("thing_among", MetaData(), Column("number", Integer, primary_key=True), Column("name", String(20)))


@pytest.mark.parametrize(("numbers", "names"), [([], []), ([2], ["b"]), ([3, 1, 3], ["a", "c"]), (range(1, 100_001), ["a", "b", "c'\\"])])
def test_rows_are_found_by_a_list_of_any_length(db: Database, numbers: list[int], names: list[str]) -> None:
    kept = {1: "a", 2: "b", 3: "c'\\" if "c'\\" in names else "c"}
    with db.write() as conn:
        thing.create(conn)
        conn.execute(thing.insert(), [{"number": number, "name": name} for number, name in kept.items()])
        by_number = select(thing.c.name).where(among(thing.c.number, numbers)).order_by(thing.c.number)
        by_name = select(thing.c.name).where(among(thing.c.name, names)).order_by(thing.c.number)
        assert conn.execute(by_number).scalars().all() == names == conn.execute(by_name).scalars().all()
        thing.drop(conn)
