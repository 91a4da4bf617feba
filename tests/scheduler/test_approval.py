"""Approvals through three levels: asked from the top, answered, countered, escalated, opened again; never twice, never lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from meetings.errors import Closed, Invalid, MeetingError, NotAllowed
from meetings.units import Unit, UnitTree
from scheduler import approval
from scheduler.approval import MOST_REASON, Offer, Policy, Request, Standing
from scheduler.slots import Slot

NOW = datetime(2026, 11, 30, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SLOT = Slot(NOW + 7 * DAY, NOW + 7 * DAY + 2 * HOUR)
LATER = Slot(SLOT.start + DAY, SLOT.end + DAY)
ABOVE = {"P": None, "D": "P", "C": "D", "C2": "D", "Q": None, "E": "Q", "F": "E"}   # two provinces of three levels
LEVELS = {"P": "province", "Q": "province", "D": "district", "E": "district"}
POLICY = Policy(frozenset({"district"}), frozenset({("province", "commune"), ("province", "district")}))


def unit(unit_id: str) -> Unit:
    return Unit(unit_id, unit_id, "", LEVELS.get(unit_id, "commune"), ABOVE[unit_id], unit_id, None, date(2020, 1, 1), None,
                None, None, "test", "2026")


TREE = UnitTree(map(unit, ABOVE), NOW.date())


def asked(owner: str = "F", convenor: str = "P", policy: Policy = POLICY, at: datetime = NOW, slot: Slot = SLOT) -> Request:
    return approval.ask("m", convenor, owner, (1,), slot, TREE, policy, at)


@pytest.mark.parametrize(("convenor", "owner", "asked_units"), [
    ("P", "C", ()), ("P", "P", ()), ("D", "D", ()), ("P", "D", ("D",)), ("P", "F", ("Q", "E", "F")), ("P", "Q", ("Q",)),
    ("C", "C2", ("C2",)), ("C", "D", ("D",)), ("C", "P", ("P",)), ("D", "F", ("Q", "E", "F")),
])
def test_who_is_asked_for_whose_point(convenor: str, owner: str, asked_units: tuple[str, ...]) -> None:
    assert approval.route(TREE, convenor, owner, POLICY) == asked_units


def test_every_unit_on_the_way_says_yes_in_turn_the_owner_last() -> None:
    request = asked()
    for unit_id in ("Q", "E", "F"):
        assert request.asked == unit_id and request.standing is Standing.ASKED
        with pytest.raises(NotAllowed) as refused:
            approval.agree(request, "P", TREE, POLICY, NOW)
        assert refused.value.code == "request.turn"
        request = approval.agree(request, unit_id, TREE, POLICY, NOW)
    assert request.standing is Standing.AGREED and request.next_at is None
    with pytest.raises(Closed):
        approval.agree(request, "F", TREE, POLICY, NOW)


def test_a_superior_may_answer_for_who_is_asked_and_one_below_may_not() -> None:
    request = approval.agree(asked(), "Q", TREE, POLICY, NOW)
    with pytest.raises(NotAllowed):
        approval.decline(request, "F", "bận", TREE, NOW)
    assert approval.decline(request, "Q", " bận họp khác ", TREE, NOW).reason == "bận họp khác"


def test_a_body_acts_for_the_unit_it_belongs_to() -> None:
    territorial = {"province", "district", "commune"}
    tree = UnitTree([*map(unit, ABOVE), replace(unit("C"), unit_id="B", parent_id="P", level="body")], NOW.date())
    assert [approval.acting(tree, one, territorial).unit_id for one in ("B", "C", "P")] == ["P", "C", "P"]


def test_nobody_answers_its_own_request_nor_gets_it_by_silence() -> None:
    request = asked("D", "P")                                       # districts are asked even by their own province
    with pytest.raises(NotAllowed):
        approval.agree(request, "P", TREE, POLICY, NOW)
    what = ""
    while request.next_at is not None:
        request, what = approval.passed(request, TREE, POLICY, request.next_at)
    assert what == "lapse" and request.standing is Standing.LAPSED and request.asked == "D"


@pytest.mark.parametrize(("reason", "code"), [("", "text.empty"), ("  ", "text.empty"), ("x" * (MOST_REASON + 1), "text.too_long"),
                                              ("a\u202eb", "text.control")])
def test_a_no_needs_a_reason(reason: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        approval.decline(asked(), "Q", reason, TREE, NOW)
    assert refused.value.code == code and refused.value.params["field"] == "reason"


def test_an_offer_is_something_else_that_is_to_come_and_the_convenor_may_insist() -> None:
    request = asked()
    for offer, code in ((Offer((1,)), "offer.same"), (Offer(slot=SLOT), "offer.same"),
                        (Offer(slot=Slot(NOW - HOUR, NOW + HOUR)), "offer.past")):
        with pytest.raises(Invalid) as refused:
            approval.counter(request, "Q", offer, "", TREE, NOW)
        assert refused.value.code == code
    with pytest.raises(Invalid):
        Offer()
    offered = approval.counter(request, "Q", Offer((2,), LATER), "phòng sửa chữa", TREE, NOW)
    assert offered.standing is Standing.OFFERED and offered.is_open and offered.next_at == SLOT.start
    with pytest.raises(Closed):
        approval.agree(offered, "Q", TREE, POLICY, NOW)
    again = approval.insist(offered, TREE, POLICY, NOW + HOUR)
    assert (again.standing, again.asked, again.round, again.offer) == (Standing.ASKED, "Q", 1, None)
    for answer in (approval.insist, approval.accept):
        with pytest.raises(Closed):
            answer(again, TREE, POLICY, NOW)
        with pytest.raises(Invalid) as refused:
            answer(approval.counter(request, "Q", Offer((2,)), "", TREE, NOW), TREE, POLICY, SLOT.start)
        assert refused.value.code == "request.past"


def test_other_points_at_the_same_time_are_the_yes_of_who_offers_them_and_another_time_asks_everybody() -> None:
    request = approval.agree(asked(), "Q", TREE, POLICY, NOW)
    taken = approval.accept(approval.counter(request, "E", Offer((2, 3)), "", TREE, NOW), TREE, POLICY, NOW)
    assert (taken.standing, taken.asked, taken.point_ids, taken.round) == (Standing.ASKED, "F", (2, 3), 1)
    last = approval.counter(taken, "F", Offer((4,)), "", TREE, NOW)
    assert approval.accept(last, TREE, POLICY, NOW).standing is Standing.AGREED
    moved = approval.accept(approval.counter(request, "E", Offer((2,), LATER), "", TREE, NOW), TREE, POLICY, NOW)
    assert (moved.asked, moved.slot, moved.point_ids, moved.round) == ("Q", LATER, (2,), 2)


def test_an_offer_nobody_takes_ends_with_the_meeting() -> None:
    offered = approval.counter(asked(), "Q", Offer((2,)), "", TREE, NOW)
    assert approval.passed(offered, TREE, POLICY, SLOT.start - HOUR) == (offered, "")
    lapsed, what = approval.passed(offered, TREE, POLICY, SLOT.start)
    assert what == "lapse" and lapsed.standing is Standing.LAPSED


def test_silence_is_reminded_of_then_taken_up_by_the_unit_above_and_ends_as_no_yes() -> None:
    request = approval.agree(approval.agree(asked(), "Q", TREE, POLICY, NOW), "E", TREE, POLICY, NOW)
    told, at = [], NOW
    while request.next_at is not None:
        at = request.next_at
        assert approval.passed(request, TREE, POLICY, at - timedelta(seconds=1)) == (request, "")
        request, what = approval.passed(request, TREE, POLICY, at)
        told.append((what, request.asked))
    assert told == [("remind", "F"), ("escalate", "E"), ("remind", "E"), ("escalate", "Q"), ("remind", "Q"), ("lapse", "Q")]
    assert request.standing is Standing.LAPSED and at == NOW + 3 * DAY
    with pytest.raises(Closed):
        approval.agree(request, "F", TREE, POLICY, at)


def test_who_was_passed_over_comes_too_late_and_nobody_answers_after_the_meeting_began() -> None:
    request = asked()
    with pytest.raises(Closed) as refused:
        approval.agree(request, "Q", TREE, POLICY, request.deadline)
    assert refused.value.code == "request.late"
    soon = asked(slot=Slot(NOW + HOUR, NOW + 2 * HOUR))
    assert soon.deadline == NOW + HOUR and NOW + HOUR / 2 <= (soon.remind_at or NOW) <= soon.deadline
    assert approval.passed(soon, TREE, POLICY, NOW + 5 * HOUR)[1] == "lapse"


def test_another_time_asks_everybody_again_and_the_same_time_nobody() -> None:
    request = asked()
    for unit_id in ("Q", "E", "F"):
        request = approval.agree(request, unit_id, TREE, POLICY, NOW)
    assert approval.reopen(request, SLOT, TREE, POLICY, NOW) == request
    moved = approval.reopen(request, LATER, TREE, POLICY, NOW + HOUR)
    assert (moved.standing, moved.asked, moved.step, moved.round, moved.slot) == (Standing.ASKED, "Q", 0, 2, LATER)


def test_a_request_for_nobody_or_for_the_past_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        asked("C", "P")
    assert refused.value.code == "request.nobody"
    with pytest.raises(Invalid) as refused:
        asked(at=SLOT.start)
    assert refused.value.code == "request.past"


def test_who_may_displace_whom_is_what_the_policy_says_and_nothing_else() -> None:
    assert POLICY.may_displace("province", "commune") and not POLICY.may_displace("commune", "province")
    assert not Policy(displaces=frozenset({("province", "province")})).may_displace("province", "province")
    assert not Policy().may_displace("province", "commune")


class Asking(RuleBasedStateMachine):
    """Anybody answers anything at any time.  Only the whole route's yes, in this round, makes AGREED; ends stay ends."""

    @initialize(who=st.sampled_from([("F", "P"), ("D", "P"), ("C2", "C")]))
    def start(self, who: tuple[str, str]) -> None:
        self.at, self.request, self.said = NOW, asked(*who), set[str]()

    def attempt(self, step: Callable[[Request], Request]) -> bool:
        before = self.request
        try:
            self.request = step(before)
        except MeetingError as refused:
            assert refused.code in {"request.closed", "request.turn", "request.late", "text.empty", "offer.same", "offer.past",
                                    "request.past"}
            return False
        if self.request.round != before.round:
            self.said.clear()
        assert before.is_open or self.request.standing in (before.standing, Standing.WITHDRAWN) or self.request.round > before.round
        return True

    def yes_of(self, step: Callable[[Request], Request]) -> None:
        """`step` may be the yes of whose turn it is."""
        whose, before = self.request.route[self.request.step], self.request
        if self.attempt(step) and self.request.round == before.round:
            self.said.add(whose)

    @rule(unit_id=st.sampled_from(list(ABOVE)))
    def yes(self, unit_id: str) -> None:
        before = self.request
        self.yes_of(lambda request: approval.agree(request, unit_id, TREE, POLICY, self.at))
        assert self.request is before or (unit_id in TREE.path(before.asked) and unit_id != before.convenor)

    @rule()
    def take(self) -> None:
        self.yes_of(lambda request: approval.accept(request, TREE, POLICY, self.at))

    @rule(unit_id=st.sampled_from(list(ABOVE)), reason=st.sampled_from(["", "bận"]))
    def no(self, unit_id: str, reason: str) -> None:
        self.attempt(lambda request: approval.decline(request, unit_id, reason, TREE, self.at))

    @rule(unit_id=st.sampled_from(list(ABOVE)), other=st.sampled_from([Offer((1,)), Offer((2,)), Offer(slot=LATER)]))
    def instead(self, unit_id: str, other: Offer) -> None:
        self.attempt(lambda request: approval.counter(request, unit_id, other, "", TREE, self.at))

    @rule()
    def insist(self) -> None:
        self.attempt(lambda request: approval.insist(request, TREE, POLICY, self.at))

    @rule()
    def withdraw(self) -> None:
        self.attempt(approval.withdraw)

    @rule(slot=st.sampled_from([SLOT, LATER]))
    def move(self, slot: Slot) -> None:
        self.attempt(lambda request: approval.reopen(request, slot, TREE, POLICY, self.at))

    @precondition(lambda self: self.at < SLOT.start)
    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.at += hours * HOUR
        while self.request.next_at is not None and self.request.next_at <= self.at:
            before = self.request
            self.request, what = approval.passed(before, TREE, POLICY, self.at)
            assert what and self.request != before, "time never stands still on a due request"

    @invariant()
    def agreed_is_the_yes_of_all(self) -> None:
        request = self.request
        assert (request.standing is Standing.AGREED) <= (self.said == set(request.route))
        assert request.asked in {above for unit_id in request.route for above in TREE.path(unit_id)} - {request.convenor}
        assert request.standing is not Standing.ASKED or (
            request.asked_at <= request.deadline and (request.remind_at is None or request.asked_at <= request.remind_at <= request.deadline))
        assert request.next_at is None or request.next_at > self.at, "what is due was done"
        assert request.deadline <= request.slot.start


def test_any_answers_in_any_order() -> None:
    run_state_machine_as_test(Asking, settings=settings(max_examples=60, stateful_step_count=40, deadline=None))


def test_only_working_days_count_for_an_answer_and_never_beyond_the_beginning() -> None:
    working = replace(POLICY, works=lambda day: day.weekday() < 5)
    friday = datetime(2026, 12, 4, 9, tzinfo=UTC)  # 16:00 in Ha Noi
    assert asked(policy=working, at=friday, slot=Slot(friday + 9 * DAY, friday + 10 * DAY)).deadline == friday + 3 * DAY
    assert asked(policy=working, at=friday, slot=Slot(friday + DAY, friday + 2 * DAY)).deadline == friday + DAY
    saturday = friday + DAY
    assert asked(policy=working, at=saturday, slot=Slot(friday + 9 * DAY, friday + 10 * DAY)).deadline == datetime(2026, 12, 7, 17, tzinfo=UTC)


def test_once_the_meeting_has_begun_nobody_above_is_asked_any_more() -> None:
    soon = asked(slot=Slot(NOW + HOUR, NOW + 2 * HOUR))
    last = approval.agree(approval.agree(soon, "Q", TREE, POLICY, NOW), "E", TREE, POLICY, NOW)
    assert last.asked == "F" and approval.passed(last, TREE, POLICY, last.deadline - timedelta(seconds=1))[1] == "remind"
    after, what = approval.passed(last, TREE, POLICY, NOW + HOUR)
    assert (what, after.standing, after.asked) == ("lapse", Standing.LAPSED, "F")


@pytest.mark.parametrize("left", [DAY, 4 * HOUR, HOUR / 2], ids=["a day", "four hours", "half an hour"])
def test_however_little_time_is_left_each_is_reminded_and_whoever_is_above_is_asked_before_it_lapses(left: timedelta) -> None:
    soon = asked(slot=Slot(NOW + left, NOW + left + HOUR))
    request = approval.agree(approval.agree(soon, "Q", TREE, POLICY, NOW), "E", TREE, POLICY, NOW)
    told = []
    while (due := request.next_at) is not None:
        request, what = approval.passed(request, TREE, POLICY, due)
        told.append((what, request.asked, (due - NOW) / left))
    assert [(what, unit_id) for what, unit_id, _part in told] == [
        ("remind", "F"), ("escalate", "E"), ("remind", "E"), ("escalate", "Q"), ("remind", "Q"), ("lapse", "Q")]
    parts = [part for _what, _unit, part in told]
    assert parts == sorted(parts) and parts[1::2] == [1 / 2, 3 / 4, 1], "each leaves half of what is left to whoever comes after it"


def test_where_there_is_time_the_policy_alone_says_how_long_and_the_last_to_be_asked_has_all_of_it() -> None:
    down = asked(slot=Slot(NOW + 2 * DAY, NOW + 2 * DAY + HOUR))
    assert down.asked == "Q" and down.deadline == NOW + DAY, "a day, as the policy says"
    assert asked(slot=Slot(NOW + HOUR, NOW + 2 * HOUR)).deadline == NOW + HOUR, "nobody is above it"
    ten = replace(POLICY, answer_within={"": DAY, "commune": HOUR / 6})
    last = approval.agree(approval.agree(asked(policy=ten), "Q", TREE, ten, NOW), "E", TREE, ten, NOW)
    assert last.deadline == NOW + HOUR / 6, "a policy that wants an answer sooner is kept"


def test_over_a_weekend_the_owner_still_has_some_of_a_working_day() -> None:
    working = replace(POLICY, works=lambda day: day.weekday() < 5)
    friday, monday = datetime(2026, 12, 4, 9, tzinfo=UTC), datetime(2026, 12, 7, 2, tzinfo=UTC)  # 16:00 and 09:00 in Ha Noi
    assert working.deadline("commune", friday, monday, last=False) == datetime(2026, 12, 6, 17, tzinfo=UTC), "not on Sunday"
    sunday = monday - DAY
    assert working.deadline("commune", friday, sunday, last=False) == friday + (sunday - friday) / 2, "no such day comes in time"


def test_whoever_convenes_is_passed_over_and_the_level_above_it_is_asked() -> None:
    communes = replace(POLICY, confirms=frozenset({"commune"}))
    request = asked("C", "D", policy=communes)                     # a district wants the point of its own commune
    after, what = approval.passed(request, TREE, communes, request.deadline)
    assert (request.asked, what, after.asked) == ("C", "escalate", "P")
    assert approval.passed(after, TREE, communes, after.deadline)[1] == "lapse"
    assert approval.agree(after, "P", TREE, communes, after.asked_at).standing is Standing.AGREED
