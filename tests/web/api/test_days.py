"""Working days over the interface: all may read them; an administrator of the highest unit tells them otherwise, for all."""

from __future__ import annotations

import pytest

from meetings.access import Role
from meetings.store import ledger_store, unit_store
from tests.web.api.conftest import Ask, problem
from tests.web.conftest import ManualClock, _hash
from web import store
from web.container import Container

PATH = "/api/v1/working-days"
STORM = {"works": False, "note": "Nghỉ bão"}


async def test_a_day_is_told_counts_and_is_forgotten(program: Ask, found: Container) -> None:
    keeper, reader = program("quantri"), program("xa", "read")
    plain = await reader.get(f"{PATH}/2026-03-10")
    assert plain.json() == {"day": "2026-03-10", "works": True, "holiday": "", "told": False, "note": ""}
    told = await keeper.put(f"{PATH}/2026-03-10", json=STORM, headers={"if-match": plain.headers["etag"]})
    assert told.json() == {"day": "2026-03-10", "works": False, "holiday": "", "told": True, "note": "Nghỉ bão"}
    problem(await keeper.put(f"{PATH}/2026-03-10", json=STORM, headers={"if-match": plain.headers["etag"]}), 412, "api.stale")
    listed = (await reader.get(f"{PATH}?from=2026-03-01&to=2026-05-02")).json()["items"]
    assert [one["day"] for one in listed] == ["2026-03-10", "2026-04-26", "2026-04-27", "2026-04-30", "2026-05-01"]
    assert told.json() in listed and listed[-1]["holiday"] and listed[-1]["works"] is False
    back = await keeper.delete(f"{PATH}/2026-03-10", headers={"if-match": told.headers["etag"]})
    assert back.json() == plain.json() and back.headers["etag"] == plain.headers["etag"]
    problem(await keeper.delete(f"{PATH}/2026-03-10", headers={"if-match": "*"}), 404, "workday.unknown")
    with found.db.read() as conn:
        kinds = [event.kind for event in ledger_store.events(conn, None) if event.kind.startswith("workday.")]
    assert kinds == ["workday.told", "workday.forgotten"]


@pytest.mark.parametrize(("query", "code"), [
    ("from=2026-03-02&to=2026-03-01", "api.window"), ("from=2026-01-01&to=2027-12-31", "api.window"), ("from=mai", "api.invalid"),
])
async def test_a_span_that_cannot_be_is_refused(program: Ask, query: str, code: str) -> None:
    problem(await program("thuky").get(f"{PATH}?{query}"), 422, code)


async def test_only_the_top_tells_days(program: Ask, found: Container, clock: ManualClock) -> None:
    with found.db.write() as conn:
        unit = unit_store.tree(conn, clock.now().date()).search("Huyện Ba Chẽ")[0]
        store.add_account(conn, "quantri2", "Lý Quản", "", unit.unit_id, frozenset({Role.ADMIN}), _hash, clock.now(), must_change=False)
    for login in ("quantri2", "thuky", "xa"):
        problem(await program(login).put(f"{PATH}/2026-03-10", json=STORM, headers={"if-match": "*"}), 404, "not_found")
        problem(await program(login).delete(f"{PATH}/2026-03-10", headers={"if-match": "*"}), 404, "not_found")
    problem(await program("quantri").put(f"{PATH}/2026-03-10", json={**STORM, "note": ""}, headers={"if-match": "*"}), 422, "text.empty")
    problem(await program("quantri").put(f"{PATH}/mai", json=STORM, headers={"if-match": "*"}), 404, "not_found")
