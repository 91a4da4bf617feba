"""The authorisation matrix.  What is expected is written here by hand, never derived from `decide`.

The meeting belongs to district h1 of province t; h1 itself and its commune x1 attend.  x2 is a commune of h1 that does
not attend, h2 a sister district, x4 a commune of h2.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from meetings.access import (
    ANONYMOUS,
    Action,
    DelegateRef,
    PersonRef,
    Resource,
    Role,
    SeatRef,
    Subject,
    decide,
    require,
)
from meetings.errors import NotAllowed, NotFound
from meetings.meeting import State
from tests.support.factories import user

MEETING, OTHER = "m-1", "m-2"

PEOPLE: dict[str, Subject] = {
    "anonymous": ANONYMOUS,
    # the four posts of this meeting, all of h1
    "chair": user("p1", "h1", Role.CHAIR),
    "secretary": user("p2", "h1", Role.SECRETARY),
    "head": user("p3", "h1", Role.DIVISION_HEAD),
    "clerk": user("p4", "h1", Role.CLERK),
    "former-chair": user("p1", "h1"),  # the same person after all roles were withdrawn
    # others of h1
    "own-chair": user("o1", "h1", Role.CHAIR),
    "own-secretary": user("o2", "h1", Role.SECRETARY),
    "own-head": user("o3", "h1", Role.DIVISION_HEAD),
    "own-clerk": user("o4", "h1", Role.CLERK),
    "own-officer": user("o5", "h1", Role.OFFICER),
    "own-technician": user("o6", "h1", Role.TECHNICIAN),
    "own-admin": user("o7", "h1", Role.ADMIN),
    # the parent
    "up-secretary": user("t1", "t", Role.SECRETARY),
    "up-chair": user("t2", "t", Role.CHAIR),
    "up-clerk": user("t3", "t", Role.CLERK),
    "up-technician": user("t4", "t", Role.TECHNICIAN),
    "up-admin": user("t5", "t", Role.ADMIN),
    # a commune that attends
    "x1-officer": user("a1", "x1", Role.OFFICER),
    "x1-technician": user("a2", "x1", Role.TECHNICIAN),
    "x1-secretary": user("a3", "x1", Role.SECRETARY),
    "x1-clerk": user("a4", "x1", Role.CLERK),
    "x1-admin": user("a5", "x1", Role.ADMIN),
    # a commune of the same district that does not, the sister district, one of its communes
    "x2-officer": user("b1", "x2", Role.OFFICER),
    "h2-secretary": user("b2", "h2", Role.SECRETARY),
    "h2-clerk": user("b3", "h2", Role.CLERK),
    "h2-admin": user("b4", "h2", Role.ADMIN),
    "x4-officer": user("b5", "x4", Role.OFFICER),
    "no-roles": user("b6", "x1"),
    # without an account
    "seat": Subject(seat=SeatRef(MEETING, 3, "06970", "l1")),
    "other-seat": Subject(seat=SeatRef(OTHER, 3, "06970", "l2")),
    "person": Subject(person=PersonRef(MEETING, "q1", 3, "06970", "Người dự", "k1")),
    "other-person": Subject(person=PersonRef(OTHER, "q2", 3, "06970", "Người dự", "k2")),
    "delegate": Subject(delegate=DelegateRef(MEETING, "d1", "Đại biểu")),
    "other-delegate": Subject(delegate=DelegateRef(OTHER, "d2", "Đại biểu")),
}

SIGNED_IN = " ".join(name for name, person in PEOPLE.items() if person.user_id)

# Who may.  Marks: * not while it is a draft; ! only once the record is issued; both may stand together.
MAY: dict[str, str] = {
    "public": " ".join(PEOPLE),
    "self": SIGNED_IN,
    "account": SIGNED_IN,
    "unit.read": SIGNED_IN,
    "point.read": SIGNED_IN,
    "point.edit": "secretary own-secretary own-officer own-technician up-secretary up-technician",
    "point.block": "secretary own-secretary own-officer own-technician up-secretary up-technician",
    "ops": "own-technician own-admin up-technician up-admin",
    "user.manage": "own-admin up-admin",
    "meeting.create": "secretary own-secretary",
    "meeting.read": "chair secretary head clerk own-chair own-secretary own-head own-clerk own-officer* own-technician"
                    " up-technician x1-officer* x1-technician* x1-secretary* x1-clerk* seat person",
    "meeting.edit": "chair secretary head own-secretary",
    "meeting.book": "secretary own-secretary",
    "meeting.conduct": "chair secretary",
    "request.read": "",  # a meeting is no request; see test_a_request_is_answered_by_the_unit_that_is_asked
    "request.answer": "",
    "policy.keep": "up-admin",
    "outbox.keep": "up-admin up-technician",
    "meeting.join": "chair secretary head clerk seat",
    "delegate.register": "secretary own-secretary own-officer* x1-officer* x1-secretary* seat",
    "motion.vote": "seat person",
    "hand.raise": "seat person",
    "document.read": "chair secretary head clerk own-chair own-secretary own-head own-clerk own-officer*"
                     " x1-officer* x1-technician* x1-secretary* x1-clerk* seat person",
    "document.add": "chair secretary head own-secretary",
    "link.read": "secretary own-secretary own-technician up-technician",
    "link.revoke": "secretary own-secretary own-technician up-technician",
    "readiness.read": "chair secretary head clerk own-secretary own-technician up-technician",
    "linetest.open": "secretary own-secretary own-technician up-technician",
    "linetest.run": "seat",
    "person.self": "person",
    "person.checkin": "chair secretary own-secretary own-officer* x1-officer* x1-secretary* seat person",
    "person.link": "chair secretary own-secretary own-officer* x1-officer* x1-secretary* seat",
    "motion.prepare": "chair secretary head own-secretary",
    "motion.witness": "chair secretary head clerk",
    "slip.answer": "person",
    "document.present": "chair secretary seat",
    "document.offer": "seat person",
    "paper.note": "chair secretary head clerk own-chair own-secretary own-head own-clerk own-officer*"
                  " x1-officer* x1-technician* x1-secretary* x1-clerk* seat person",
    "recording.run": "chair secretary",
    "recording.read": "chair secretary head clerk own-chair own-secretary own-head own-clerk",
    "recording.delete": "secretary own-secretary",
    "chat.say": "chair secretary seat person",
    "room.watch": "chair secretary head clerk own-secretary own-technician up-technician",
    "caption.type": "chair secretary head own-secretary",
    "minutes.read": "chair secretary head clerk own-chair own-secretary own-head own-clerk own-officer*!"
                    " own-technician*! x1-officer*! x1-technician*! x1-secretary*! x1-clerk*! delegate!",
    "minutes.edit": "chair secretary head",
    "minutes.number": "clerk own-clerk",
    "minutes.sign": "chair secretary head",
    "minutes.seal": "clerk own-clerk",
    "minutes.issue": "clerk own-clerk",
    "packet.read": "chair secretary head clerk own-chair! own-secretary! own-head! own-clerk! own-officer*!"
                   " own-technician*! x1-officer*! x1-technician*! x1-secretary*! x1-clerk*! delegate!",
    "release.grant": "secretary clerk own-secretary own-clerk",
}


def meeting(state: State, issued: bool, kind: str = "meeting") -> Resource:
    signers = {"chair": "p1", "secretary": "p2", "division_head": "p3", "clerk": "p4"}
    return Resource(kind, ("t", "h1"), MEETING, state.value, signers, frozenset({"h1", "x1"}), issued)


def expected(name: str, action: Action, state: State, issued: bool) -> bool:
    for entry in MAY[action.value].split():
        if entry.rstrip("*!") == name:
            return not ("*" in entry and state is State.DRAFT) and not ("!" in entry and not issued)
    return False


def test_the_table_names_every_action_and_only_known_people() -> None:
    assert MAY.keys() == {action.value for action in Action}
    named = {entry.rstrip("*!") for people in MAY.values() for entry in people.split()}
    assert named <= PEOPLE.keys()


@pytest.mark.parametrize("action", list(Action))
def test_the_matrix(action: Action) -> None:
    wrong = []
    for name, person in PEOPLE.items():
        for state in State:
            for issued in (False, True):
                allowed = decide(person, action, meeting(state, issued)).allowed
                if allowed != expected(name, action, state, issued):
                    wrong.append(f"{name} {action.value} {state.value} issued={issued}: got {allowed}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("state", list(State))
def test_a_named_leader_reads_the_meeting_and_its_papers_once_it_is_no_draft_and_nothing_else(state: State) -> None:
    plain = meeting(state, False)
    named = replace(plain, leaders=frozenset({"b5"}))
    gained = {action for action in Action if decide(PEOPLE["x4-officer"], action, named) != decide(PEOPLE["x4-officer"], action, plain)}
    assert gained == (set() if state is State.DRAFT else {Action.MEETING_READ, Action.DOCUMENT_READ, Action.PAPER_NOTE})
    assert decide(replace(PEOPLE["x4-officer"], roles=frozenset()), Action.MEETING_READ, named) == decide(
        replace(PEOPLE["x4-officer"], roles=frozenset()), Action.MEETING_READ, plain), "all roles were withdrawn"


def test_a_point_of_ones_own_shows_its_link_and_no_other() -> None:
    own = replace(meeting(State.CONVENED, False, "link"), attending_units=frozenset({"x1"}))
    for name in ("x1-officer", "x1-technician"):
        assert decide(PEOPLE[name], Action.LINK_READ, own).allowed
        assert not decide(PEOPLE[name], Action.LINK_REVOKE, own).allowed
        assert not decide(PEOPLE[name], Action.LINK_READ, replace(own, attending_units=frozenset({"x2"}))).allowed
        assert not decide(PEOPLE[name], Action.LINK_READ, meeting(State.CONVENED, False, "cards")).allowed
    assert not decide(PEOPLE["x1-clerk"], Action.LINK_READ, own).allowed
    assert not decide(PEOPLE["x2-officer"], Action.LINK_READ, own).allowed


@pytest.mark.parametrize(("path", "who"), [
    (("t",), {"up-admin"}),
    (("t", "h1"), {"up-admin", "own-admin"}),
    (("t", "h1", "x1"), {"up-admin", "own-admin", "x1-admin"}),
    (("t", "h2", "x4"), {"up-admin", "h2-admin"}),
    ((), set()),  # an account whose unit has ended: nobody's branch holds it
])
def test_an_administrator_manages_accounts_of_the_own_branch_only(path: tuple[str, ...], who: set[str]) -> None:
    resource = Resource("user", path)
    assert {name for name, person in PEOPLE.items() if decide(person, Action.USER_MANAGE, resource).allowed} == who


def test_the_page_of_accounts_opens_for_administrators_whose_unit_still_stands() -> None:
    page = Resource("page")
    admins = {name for name, person in PEOPLE.items() if decide(person, Action.USER_MANAGE, page).allowed}
    assert admins == {"up-admin", "own-admin", "x1-admin", "h2-admin"}
    homeless = replace(PEOPLE["h2-admin"], unit_path=())
    for resource in (page, Resource("user", ("t",)), Resource("user", ())):
        assert not decide(homeless, Action.USER_MANAGE, resource).allowed


def test_a_meeting_is_created_in_the_name_of_ones_own_unit_only() -> None:
    own = {("t",): {"up-secretary"}, ("t", "h2"): {"h2-secretary"}, ("t", "h1", "x1"): {"x1-secretary"}}
    for path, who in own.items():
        resource = Resource("meeting", path)
        assert {n for n, person in PEOPLE.items() if decide(person, Action.MEETING_CREATE, resource).allowed} == who


def test_a_holder_of_two_posts_has_both_and_a_second_role_adds_nothing_elsewhere() -> None:
    both = replace(PEOPLE["own-clerk"], roles=frozenset({Role.CLERK, Role.ADMIN}))
    assert decide(both, Action.MINUTES_SEAL, meeting(State.CONCLUDED, False)).allowed
    assert not decide(both, Action.MEETING_CONDUCT, meeting(State.OPEN, False)).allowed


def test_how_a_point_stands_is_seen_by_whoever_looks_after_it() -> None:
    own = {("t", "h1", "x1"): {"x1-officer", "x1-technician", "x1-secretary", "own-technician", "up-technician"},
           ("t", "h2", "x4"): {"x4-officer", "up-technician"}, (): set()}
    for path, who in own.items():
        resource = Resource("point", path, MEETING)
        assert {name for name, person in PEOPLE.items() if decide(person, Action.READINESS_READ, resource).allowed} == who
        assert {name for name, person in PEOPLE.items() if decide(person, Action.ROOM_WATCH, resource).allowed} == {name for name in who if "technician" in name}


def test_the_wall_of_the_day_opens_for_those_who_may_have_points_on_it() -> None:
    page = Resource("page")
    may = {name for name, person in PEOPLE.items() if decide(person, Action.READINESS_READ, page).allowed}
    roles = {Role.SECRETARY, Role.OFFICER, Role.TECHNICIAN}
    assert may == {name for name, person in PEOPLE.items() if roles & person.roles}
    assert not decide(replace(PEOPLE["own-technician"], unit_path=()), Action.READINESS_READ, page).allowed


def test_a_stranger_learns_nothing_and_a_reader_is_told() -> None:
    resource = meeting(State.OPEN, False)
    with pytest.raises(NotFound) as hidden:
        require(PEOPLE["x4-officer"], Action.MEETING_CONDUCT, resource)
    assert (hidden.value.code, hidden.value.params) == ("not_found", {})
    with pytest.raises(NotAllowed) as told:
        require(PEOPLE["x1-officer"], Action.MEETING_CONDUCT, resource)
    assert told.value.params == {"action": "meeting.conduct"}
    require(PEOPLE["chair"], Action.MEETING_CONDUCT, resource)


def test_the_refusal_of_a_stranger_is_the_refusal_for_a_meeting_that_does_not_exist() -> None:
    with pytest.raises(NotFound) as foreign:
        require(PEOPLE["x4-officer"], Action.MEETING_READ, meeting(State.OPEN, False))
    with pytest.raises(NotFound) as absent:
        require(PEOPLE["x4-officer"], Action.MEETING_READ, Resource("meeting", meeting_id="nothing"))
    assert (foreign.value.code, foreign.value.params) == (absent.value.code, absent.value.params)


def test_an_empty_resource_gives_a_meeting_to_nobody() -> None:
    """A loader that forgot to fill the resource must not open the door."""
    bare = Resource("meeting")
    open_by_design = {Action.PUBLIC, Action.SELF, Action.ACCOUNT, Action.UNIT_READ, Action.POINT_READ, Action.OPS,
                      Action.USER_MANAGE, Action.MEETING_CREATE, Action.POLICY_KEEP, Action.OUTBOX_KEEP}
    for action in set(Action) - open_by_design:
        allowed = [name for name, person in PEOPLE.items() if decide(person, action, bare).allowed]
        assert not allowed, (action, allowed)


def test_a_request_is_answered_by_the_unit_that_is_asked_or_a_body_of_it() -> None:
    request = Resource("request", ("t", "h1", "x1"), MEETING, attending_units=frozenset({"x1", "x1-office"}))
    people = PEOPLE | {
        "body": replace(user("z1", "x1", Role.SECRETARY), unit_id="x1-office"),
        "body-clerk": replace(user("z2", "x1", Role.CLERK), unit_id="x1-office"),
    }
    may = {name for name, person in people.items() if decide(person, Action.REQUEST_ANSWER, request).allowed}
    assert may == {"x1-officer", "x1-secretary", "body"}
    seen = {name for name, person in people.items() if decide(person, Action.REQUEST_READ, request).allowed}
    assert seen == may | {"x1-technician", "x1-clerk", "body-clerk"}
    own = {name for name, person in people.items() if decide(person, Action.REQUEST_READ, Resource("page")).allowed}
    assert not own & {"anonymous", "seat", "person", "delegate", "no-roles", "own-admin"} and {"x2-officer", "up-secretary"} <= own
