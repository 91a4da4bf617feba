"""What holds for all levels, over the interface: read and put by an administrator of the highest unit, told to nobody else."""

from __future__ import annotations

import pytest

from meetings.access import Role
from meetings.store import ledger_store, unit_store
from tests.web.api.conftest import Ask, problem
from tests.web.conftest import ManualClock, _hash
from web import store
from web.container import Container

PATH = "/api/v1/rules"
RULES = {
    "approvals": {"confirms": ["commune"], "displaces": [["province", "commune"]], "answer_within": {"": 1440, "commune": 600}, "remind_before": {}},
    "capacity": {"sounds": 2, "pictures": 1, "declared": 60_000},
}


@pytest.mark.parametrize("name", sorted(RULES))
async def test_a_rule_is_put_and_holds(program: Ask, name: str) -> None:
    keeper, where = program("quantri"), f"{PATH}/{name}"
    before = await keeper.get(where)
    put = await keeper.put(where, json=RULES[name], headers={"if-match": before.headers["etag"]})
    assert put.status_code == 200, put.text
    kept = {**put.json(), "declared": RULES[name]["declared"]} if name == "capacity" else put.json()
    assert {field: kept[field] for field, given in RULES[name].items() if given} == {field: given for field, given in RULES[name].items() if given}
    assert (await keeper.get(where)).json() == put.json() != before.json()
    problem(await keeper.put(where, json=RULES[name], headers={"if-match": before.headers["etag"]}), 412, "api.stale")


async def test_what_was_declared_can_be_taken_back(program: Ask) -> None:
    keeper, where = program("quantri"), f"{PATH}/capacity"
    before = (await keeper.get(where)).json()
    declared = (await keeper.put(where, json=RULES["capacity"], headers={"if-match": "*"})).json()
    assert declared["declared"] and declared["packets_per_s"] == 60_000
    again = await keeper.put(where, json={"sounds": before["sounds"], "pictures": before["pictures"], "declared": None}, headers={"if-match": "*"})
    assert again.json() == before


async def test_times_go_out_and_come_back_as_they_are(program: Ask, found: Container) -> None:
    keeper, where = program("quantri"), f"{PATH}/times"
    before = await keeper.get(where)
    wanted = {**before.json(), "round1": 2 * 1440, "room": 20, "loss_weak": 25, "deputy": None}
    put = await keeper.put(where, json=wanted, headers={"if-match": before.headers["etag"]})
    assert put.status_code == 200 and put.json() == wanted, put.text
    with found.db.read() as conn:
        assert ledger_store.events(conn, None)[-1].kind == "timing.changed"


async def test_every_mistake_in_times_is_named(program: Ask) -> None:
    keeper, where = program("quantri"), f"{PATH}/times"
    now = (await keeper.get(where)).json()
    told = problem(await keeper.put(where, json={**now, "round2": now["round1"], "loss_weak": 300, "loss_failed": 20}, headers={"if-match": "*"}),
                   422, "api.invalid")
    assert {one["pointer"]: one["error"] for one in told["errors"]} == {"/round2": "times.order", "/loss_failed": "times.limits"}  # type: ignore[union-attr]
    assert (await keeper.get(where)).json() == now


async def test_only_the_top_reads_and_puts_them(program: Ask, found: Container, clock: ManualClock) -> None:
    with found.db.write() as conn:
        unit = unit_store.tree(conn, clock.now().date()).search("Huyện Ba Chẽ")[0]
        store.add_account(conn, "quantri2", "Lý Quản", "", unit.unit_id, frozenset({Role.ADMIN}), _hash, clock.now(), must_change=False)
    for login in ("quantri2", "thuky", "xa"):
        for name, wanted in RULES.items():
            problem(await program(login).get(f"{PATH}/{name}"), 404, "not_found")
            problem(await program(login).put(f"{PATH}/{name}", json=wanted, headers={"if-match": "*"}), 404, "not_found")


@pytest.mark.parametrize(("name", "wrong", "code"), [
    ("approvals", {"displaces": [["commune", "province"]]}, "policy.displaces"),
    ("approvals", {"confirms": ["sao hoả"]}, "policy.level"),
    ("approvals", {"displaces": [["province"]]}, "api.invalid"),
    ("approvals", {"answer_within": {"": 0}}, "api.invalid"),
    ("capacity", {"sounds": 0, "pictures": 1}, "api.invalid"),
])
async def test_what_cannot_be_is_refused(program: Ask, name: str, wrong: dict[str, object], code: str) -> None:
    problem(await program("quantri").put(f"{PATH}/{name}", json=wrong, headers={"if-match": "*"}), 422, code)
