"""Presence of points: first peer up to last peer down, and ten seconds' grace when the worker dies."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from web.presence import GRACE, Presence, Roles

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def test_presence_begins_with_the_first_peer_and_ends_with_the_last() -> None:
    who = Presence()
    assert who.up("m", "a", "s1") is True
    assert who.up("m", "a", "s2") is False
    assert who.down("m", "a", "s1") is False
    assert who.live("m") == {"a"}
    assert who.down("m", "a", "s2") is True
    assert who.live("m") == frozenset()


def test_a_session_that_ends_twice_or_was_never_seen_changes_nothing() -> None:
    who = Presence()
    who.up("m", "a", "s1")
    assert who.down("m", "a", "other") is False
    assert who.down("n", "a", "s1") is False
    assert who.down("m", "a", "s1") is True
    assert who.down("m", "a", "s1") is False


def test_points_that_return_within_the_grace_after_a_dead_worker_never_left() -> None:
    who = Presence()
    who.up("m", "a", "s1")
    who.up("m", "b", "s2")
    who.up("m", "c", "s3")
    who.up("n", "a", "elsewhere")
    who.lost(["s1", "s2", "s3"], AT)
    assert who.live("n") == {"a"} and ("m", "c") in who.everyone() and ("m", "d") not in who.everyone()
    assert who.up("m", "c", "s4") is False and who.down("m", "c", "s4") is True
    assert who.live("m") == frozenset()
    assert who.expire(AT + GRACE - timedelta(milliseconds=1)) == []
    assert who.up("m", "a", "s3") is False
    assert who.expire(AT + GRACE) == [("m", "b")]
    assert who.everyone() == [("m", "a"), ("n", "a")]


def test_a_worker_that_dies_twice_does_not_prolong_the_grace() -> None:
    who = Presence()
    who.up("m", "a", "s1")
    who.lost(["s1"], AT)
    who.lost(["s1"], AT + timedelta(seconds=8))
    assert who.expire(AT + GRACE) == [("m", "a")]


def test_a_device_that_makes_way_for_another_of_its_point_ends_no_stay_unless_the_other_never_comes() -> None:
    who = Presence()
    who.up("m", "a", "old")
    who.up("m", "b", "old")
    who.replaced("m", "a", "old", AT)
    who.replaced("m", "b", "old", AT)
    assert who.live("m") == frozenset()
    assert who.up("m", "a", "new") is False
    assert who.expire(AT + GRACE) == [("m", "b")]


@given(st.lists(st.tuples(st.sampled_from(["up", "down"]), st.sampled_from("ab"), st.integers(0, 3))))
def test_arrivals_and_departures_alternate_for_every_point(steps: list[tuple[str, str, int]]) -> None:
    who = Presence()
    inside: dict[str, bool] = {}
    for step, name, session in steps:
        changed = getattr(who, step)("m", name, f"{name}{session}")
        if changed:
            assert inside.get(name, False) is (step == "down")
            inside[name] = step == "up"
    assert who.live("m") == {name for name, there in inside.items() if there}


def test_a_page_without_media_is_there_by_its_signs_until_a_peer_supersedes_them() -> None:
    who, life = Presence(), timedelta(seconds=30)
    assert who.signal("m", "a", AT + life, seated=True) is True
    assert who.signal("m", "a", AT + life + GRACE, seated=True) is False
    assert who.live("m") == {"a"} and who.expire(AT + life) == []
    assert who.up("m", "a", "s1") is False, "it never left"
    assert who.signal("m", "a", AT + 2 * life, seated=True) is False
    assert who.down("m", "a", "s1") is True, "who had media leaves with them, and comes back by the next sign"
    assert who.signal("m", "a", AT + 2 * life, seated=True) is True
    assert who.expire(AT + 2 * life) == [("m", "a")] and who.live("m") == frozenset()


def test_a_plain_page_makes_its_point_present_and_holds_no_seat() -> None:
    who = Presence()
    assert who.signal("m", "a", AT + GRACE, seated=False) is True
    assert who.live("m") == frozenset() and who.everyone() == [("m", "a")]
    who.lost(["s1"], AT)
    assert who.expire(AT + GRACE) == [("m", "a")]


STEPS = st.tuples(st.sampled_from(["up", "down", "signal", "replaced", "lost", "expire"]), st.sampled_from("ab"), st.integers(0, 2))


@given(st.lists(STEPS, max_size=40))
def test_arrivals_and_departures_alternate_whatever_is_mixed(steps: list[tuple[str, str, int]]) -> None:
    who, inside, at = Presence(), {"a": False, "b": False}, AT
    for step, name, session in steps:
        at += timedelta(seconds=4)
        arrived, left = False, []
        match step:
            case "up":
                arrived = who.up("m", name, f"{name}{session}")
            case "signal":
                arrived = who.signal("m", name, at + GRACE, seated=bool(session))
            case "down":
                left = [("m", name)] if who.down("m", name, f"{name}{session}") else []
            case "replaced":
                who.replaced("m", name, f"{name}{session}", at)
            case "lost":
                who.lost([f"{name}{session}"], at)
            case "expire":
                left = who.expire(at)
        assert not (arrived and inside[name])
        inside[name] |= arrived
        for _room, gone in left:
            assert inside[gone]
            inside[gone] = False
        assert {gone for _room, gone in who.everyone()} == {one for one, there in inside.items() if there}
    assert who.live("m") <= {one for one, there in inside.items() if there}


def test_who_had_a_session_of_a_role_a_moment_ago_returns_in_that_role_and_in_no_other() -> None:
    roles = Roles()
    roles.up("m", "a", "publish", "p")
    assert roles.returning("m", "a", "publish", AT) and not roles.returning("m", "a", "subscribe", AT)
    assert not roles.returning("n", "a", "publish", AT) and not roles.returning("m", "b", "publish", AT)
    roles.up("m", "a", "subscribe", "s1")
    roles.up("m", "a", "subscribe", "s2")
    roles.over("s1", AT)
    assert roles.returning("m", "a", "subscribe", AT + 2 * GRACE), "the other one is still there"
    roles.over("s2", AT)
    roles.over("s2", AT + GRACE)  # told twice: it ended once
    roles.over("never-up", AT)
    just = AT + GRACE - timedelta(milliseconds=1)
    roles.expire(just)
    assert roles.returning("m", "a", "subscribe", just) and not roles.returning("m", "a", "subscribe", AT + GRACE)
    roles.over("p", AT)
    roles.expire(AT + GRACE)
    assert not (roles._live or roles._lost or roles._of), "nothing is kept"
