"""Whose sound passes: one rule for the relay and for the pages, whatever was muted, freed, given, suspended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from meetings.meeting import Meeting, Person, State, UnitRef
from meetings.screens import Share
from meetings.speech import Kind, Speech, Standing
from meetings.state import RoomState
from meetings.store.seat_store import Seat
from meetings.voices import Chat, Lobby, Setting, Voice, Voices
from web import roompolicy
from web.roompolicy import Why, hearing, policy

AT = datetime(2026, 3, 5, 1, tzinfo=UTC)
POINTS = range(1, 8)
instants = st.integers(0, 5).map(lambda minutes: AT + timedelta(minutes=minutes))
voices = st.builds(
    lambda setting, said: Voices(setting, {one.point_id: one for one in said}),
    st.builds(Setting, st.booleans(), st.sampled_from(Lobby), st.none() | st.integers(1, 9), st.sampled_from(Chat),
              st.just(12), st.none() | st.integers(1, 9), st.none() | st.integers(1, 9)),
    st.lists(st.builds(Voice, st.sampled_from(POINTS), st.sampled_from([True, False, None]), instants, st.none() | instants)),
)


def person(name: str) -> Person:
    return Person(name, name, "")


@st.composite
def rooms(draw: st.DrawFn, stands: st.SearchStrategy[State] = st.sampled_from(State)) -> RoomState:
    seats = tuple(Seat(n, f"c{n}", f"Điểm {n}", "u", "x", draw(st.none() | instants), AT) for n in POINTS)
    meeting = Meeting(
        "m", "Họp", "conference", "", draw(stands), AT, AT + timedelta(hours=1), UnitRef("u", "Tỉnh", None, ("u",)),
        person("chair"), person("secretary"), person("head"), person("clerk"), draw(st.sampled_from([1, 2, None, 99])), AT, AT, None)
    floor = draw(st.none() | st.sampled_from(seats))
    others = [Speech(n, draw(st.sampled_from(POINTS)), Kind.CONTRIBUTION, standing, 2, n, AT) for n, standing in enumerate((Standing.PAUSED, Standing.WAITING))]
    return RoomState(
        1, meeting, (), seats, floor, draw(instants) if floor else None, None, None, (), voices=draw(voices),
        share=draw(st.none() | st.builds(Share, st.sampled_from([*POINTS, 99]), instants)),
        paused=draw(st.sampled_from([None, others[0]])) if floor else None, queue=draw(st.sampled_from([(), (others[1],)])))


def passes(state: RoomState, code: str) -> bool:
    told = policy(state)
    return code not in told.quiet and (told.heard is None or code in told.heard)


@given(rooms())
def test_the_relay_is_told_what_the_pages_say(state: RoomState) -> None:
    now = hearing(state)
    assert all(passes(state, seat.code) == now.passes(seat.code) for seat in state.seats)
    assert now.heard is None or not now.muted


@given(rooms())
def test_the_sound_of_the_shared_screen_comes_right_after_the_floor_or_the_chair(state: RoomState) -> None:
    told, code = policy(state), roompolicy.screen_code(state)
    screens = [name for name in told.voices if name.endswith("#screen")]
    assert screens == ([f"{code}#screen"] if code else []) == list(told.seconds or ())
    if screens:
        first = next((name for name in (state.floor and state.floor.code, roompolicy.main_code(state)) if name and passes(state, name)), None)
        assert told.voices[: told.voices.index(screens[0])] in ((first,), ()) and (first is None or told.voices[0] == first)


@given(rooms())
def test_the_chairs_point_is_heard_whatever_holds(state: RoomState) -> None:
    main = roompolicy.main_code(state)
    assert main is None or passes(state, main)


@given(rooms(st.sampled_from([State.SUSPENDED, State.CONVENED, State.DRAFT])))
def test_in_a_pause_and_before_the_opening_nobody_else_is_heard_but_in_a_test_with_the_points(state: RoomState) -> None:
    if state.meeting.state is State.SUSPENDED or state.voices.setting.lobby is Lobby.QUIET:
        assert {seat.code for seat in state.seats if passes(state, seat.code)} <= {roompolicy.main_code(state)}


@given(rooms(st.just(State.OPEN)))
def test_a_muted_point_is_heard_only_by_a_floor_that_was_given_later(state: RoomState) -> None:
    for seat in state.seats:
        said = state.voices.said.get(seat.point_id)
        if said is None or said.muted is not True or seat.code == roompolicy.main_code(state):
            continue
        later = state.floor is not None and state.floor.code == seat.code and state.floor_since is not None and state.floor_since > said.since
        assert passes(state, seat.code) == later


@given(rooms(st.just(State.OPEN)))
def test_a_floor_is_heard_with_the_chair_and_those_who_were_freed_and_nobody_else(state: RoomState) -> None:
    if state.floor is None:
        return
    beside = {seat.code for seat in state.seats if state.voices.freed(seat.point_id)}
    if state.paused is not None and not state.voices.muted_one(state.paused.point_id):
        beside.add(f"c{state.paused.point_id}")  # interrupted: it answers
    heard = {seat.code for seat in state.seats if passes(state, seat.code)}
    assert beside <= heard <= beside | {state.floor.code, roompolicy.main_code(state)}
    assert hearing(state).why is Why.FLOOR


@given(rooms(st.just(State.OPEN)))
def test_without_a_floor_all_are_heard_but_the_muted_or_none_but_the_freed(state: RoomState) -> None:
    if state.floor is not None:
        return
    for seat in state.seats:
        if seat.code != roompolicy.main_code(state):
            assert passes(state, seat.code) == (not state.voices.muted(seat.point_id))


@given(rooms())
def test_the_stage_begins_with_the_spotlight_and_names_booked_points_once(state: RoomState) -> None:
    told = policy(state)
    stage = told.stage[len(told.seconds or ()):]
    assert len(set(stage)) == len(stage) and set(stage) <= {seat.code for seat in state.seats}
    if (large := roompolicy.spotlight_code(state)) is not None:
        assert stage[0] == large
    assert state.floor is None or state.floor.code in stage[:2]


@given(rooms())
def test_no_screen_passes_but_of_a_point_that_may_share_one_now(state: RoomState) -> None:
    told = policy(state)
    assert told.seconds is not None and len(told.seconds) <= 1
    for name in told.seconds:
        code, main = name.removesuffix("#screen"), roompolicy.main_code(state)
        point = next(seat.point_id for seat in state.seats if seat.code == code)
        assert name.endswith("#screen") and told.stage[0] == name and state.share is not None and state.share.point_id == point
        if code == main:
            continue
        floor = state.floor is not None and state.floor.point_id == point
        paused = state.paused is not None and state.paused.point_id == point
        assert state.meeting.state is State.OPEN and (floor or paused or state.voices.setting.presenter == point)
        assert not (state.voices.muted_one(point) and not floor), "who is silenced shares nothing"
        assert not floor or state.floor_since is None or not state.voices.muted_since(point, state.floor_since)
