"""Who hears: only who may answer, the first group that anything reaches, and somebody wherever somebody can be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.access import Action, Resource, Role, Subject, decide
from scheduler import hearing
from scheduler.hearing import Person

UNIT, BODY, ELSEWHERE = "commune", "office", "another"
UNITS = frozenset({UNIT, BODY})


def person(role: Role, unit: str = UNIT, email: str | None = "a@b.vn", phone: str | None = None) -> Person:
    return Person(role.value, email, phone, unit, frozenset({role}))


def by_mail(one: Person) -> bool:
    return bool(one.email)


ORDER = [person(Role.SECRETARY), person(Role.OFFICER), person(Role.SECRETARY, BODY), person(Role.OFFICER, BODY), person(Role.CHAIR),
         person(Role.CHAIR, BODY)]


@pytest.mark.parametrize("gone", range(len(ORDER)))
def test_each_hears_where_those_before_have_no_address(gone: int) -> None:
    people = [replace(one, email=None) for one in ORDER[:gone]] + ORDER[gone:]
    assert hearing.asked(people[::-1], UNIT, UNITS, by_mail) == [ORDER[gone]]


def test_all_of_a_group_hear_and_a_telephone_counts_where_messages_are_sent() -> None:
    two = [person(Role.SECRETARY), replace(person(Role.SECRETARY), name="another")]
    assert hearing.asked([*two, *ORDER[1:]], UNIT, UNITS, by_mail) == two
    dumb = person(Role.SECRETARY, email=None, phone="0912345678")
    assert hearing.asked([dumb], UNIT, UNITS, by_mail) == []
    assert hearing.asked([dumb], UNIT, UNITS, lambda one: bool(one.email or one.phone)) == [dumb]


def test_a_points_line_is_for_those_at_its_hands_then_for_its_secretary() -> None:
    hands = [person(Role.OFFICER), person(Role.TECHNICIAN)]
    assert hearing.keepers([person(Role.SECRETARY), *hands], UNIT, by_mail) == hands
    assert hearing.keepers([person(Role.SECRETARY), person(Role.CLERK)], UNIT, by_mail) == [person(Role.SECRETARY)]
    assert hearing.keepers([person(Role.TECHNICIAN, BODY), person(Role.CHAIR)], UNIT, by_mail) == [person(Role.TECHNICIAN, BODY)]
    assert hearing.keepers([person(Role.CLERK)], UNIT, by_mail) == []


@given(st.lists(st.builds(
    Person, st.text(max_size=3), st.sampled_from([None, "a@b.vn"]), st.none(), st.sampled_from([UNIT, BODY, ELSEWHERE]),
    st.frozensets(st.sampled_from(Role), max_size=3)), max_size=8))
def test_whoever_hears_may_answer_and_somebody_hears_wherever_one_who_may_can_be_reached(people: list[Person]) -> None:
    request = Resource("request", attending_units=UNITS)
    able = [one for one in people if one.email and decide(
        Subject("someone", unit_id=one.unit_id, roles=one.roles), Action.REQUEST_ANSWER, request).allowed]
    told = hearing.asked(people, UNIT, UNITS, by_mail)
    assert all(one in able for one in told) and bool(told) == bool(able)
