"""The order of a round: number, initials, secretary, chair, seal, issue; a refusal ends it; nothing else is possible."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Conflict, Invalid
from meetings.store.migrations.versions import __path__ as migrations
from minutes.signing import (
    LONGEST_REASON,
    SIGNING_ORDER,
    STATE_AFTER,
    TRANSITIONS,
    Round,
    RoundState,
    SignerRole,
)

AT = datetime.fromisoformat("2026-03-05T01:00:00+00:00")
ROLES = list(SignerRole)


def signed(count: int) -> Round:
    """A round with the first `count` signatures."""
    round = Round(version=2, number=5, pdf="p0")
    for place, role in enumerate(SIGNING_ORDER[:count], start=1):
        round = round.sign(role, f"người {place}", f"p{place}", AT)
    return round


def test_the_order_is_initials_secretary_chair_agency() -> None:
    assert [role.value for role in SIGNING_ORDER] == ["initials", "secretary", "chair", "agency"]
    assert signed(4).state is RoundState.SEALED
    assert signed(4).issue().state is RoundState.ISSUED


def test_each_signature_names_the_bytes_it_found_and_the_bytes_it_left() -> None:
    steps = signed(4).signatures
    assert [(s.before, s.after) for s in steps] == [("p0", "p1"), ("p1", "p2"), ("p2", "p3"), ("p3", "p4")]
    assert signed(3).pdf == "p3"


@pytest.mark.parametrize("count", range(5))
@pytest.mark.parametrize("role", ROLES)
def test_only_the_role_whose_turn_it_is_may_sign(count: int, role: SignerRole) -> None:
    round = signed(count)
    if round.next_role() is role:
        assert round.sign(role, "x", "y", AT).state is STATE_AFTER[role]
        return
    with pytest.raises(Conflict, match=r"minutes\.order"):
        round.sign(role, "x", "y", AT)


@pytest.mark.parametrize("count", range(4))
def test_nothing_is_issued_before_the_seal(count: int) -> None:
    with pytest.raises(Conflict, match=r"minutes\.order"):
        signed(count).issue()


@pytest.mark.parametrize("count", range(4))
def test_a_refused_round_takes_nothing_more(count: int) -> None:
    refused = signed(count).refuse(" Sai tên đại biểu ")
    assert (refused.state, refused.reason, refused.next_role()) == (RoundState.REFUSED, "Sai tên đại biểu", None)
    for role in ROLES:
        with pytest.raises(Conflict):
            refused.sign(role, "x", "y", AT)
    with pytest.raises(Conflict):
        refused.issue()
    with pytest.raises(Conflict):
        refused.refuse("lại")


def test_what_is_sealed_is_not_refused() -> None:
    for round in (signed(4), signed(4).issue()):
        with pytest.raises(Conflict, match=r"minutes\.order"):
            round.refuse("muộn rồi")


@pytest.mark.parametrize("reason, code", [("", "minutes.reason_missing"), (" \n", "minutes.reason_missing"),
                                          ("x" * (LONGEST_REASON + 1), "minutes.reason_long")])
def test_a_refusal_needs_a_reason_of_bearable_length(reason: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        signed(1).refuse(reason)
    assert caught.value.code == code


STEPS = st.lists(st.sampled_from([*ROLES, "refuse", "issue"]), max_size=12)


@given(steps=STEPS)
def test_whatever_is_tried_the_signatures_are_a_beginning_of_the_order(steps: list[SignerRole | str]) -> None:
    round = Round(1, 1, "p")
    for place, step in enumerate(steps):
        try:
            if step == "refuse":
                round = round.refuse("lý do")
            elif step == "issue":
                round = round.issue()
            else:
                round = round.sign(SignerRole(step), "x", f"q{place}", AT)
        except Conflict:
            continue
    roles = tuple(s.role for s in round.signatures)
    assert roles == SIGNING_ORDER[: len(roles)]
    assert (round.state is RoundState.ISSUED) <= (len(roles) == 4)
    assert (round.state is RoundState.REFUSED) <= (round.reason is not None and len(roles) < 4)
    assert [s.before for s in round.signatures[1:]] == [s.after for s in round.signatures[:-1]]


def test_the_database_knows_the_same_moves() -> None:
    import importlib.util
    from pathlib import Path

    spec = importlib.util.spec_from_file_location("m0003", Path(migrations[0]) / "0003_minutes.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ours = {(old.value, new.value) for old, following in TRANSITIONS.items() for new in following}
    assert {(old, new) for old, new, _ in module.MOVES} == ours
