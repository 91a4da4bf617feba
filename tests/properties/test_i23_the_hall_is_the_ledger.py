"""I23.  Whatever anybody does in whatever order, with whatever clock: the whole hall that is read off the ledger is the one in the tables."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from meetings import balloting, chat, checkin, hand_counts, motions, muting, papers, presenting, recordings, service, sharing, slips, speaking
from meetings.access import PersonRef, Subject
from meetings.errors import MeetingError
from meetings.meeting import AgendaLine
from meetings.motions import Draft
from meetings.papers import File
from meetings.people import How, Wanted
from meetings.recording import Kept
from meetings.replay import Hall
from meetings.replay.check import between, differences
from meetings.speech import Kind, Times
from meetings.store import ledger_store, recording_store, speech_store, vote_store
from meetings.store.database import Database
from meetings.store.vote_store import Voter
from meetings.voting import Method, Rule
from tests.support.factories import CHAIR, CLERK, POINTS, SECRETARY, convened, seat_of

RULES = (Rule(Fraction(0), Fraction(1, 2), "cast"), Rule(Fraction(0), Fraction(1, 2), "present", weights={"204": 3}),
         Rule(Fraction(0), Fraction(1, 2), "cast", over="persons"))
TITLES = ("Báo cáo", "Thảo luận", "Kết luận")
points = st.sampled_from(POINTS)
skews = st.integers(min_value=-3600, max_value=3600)
picks = st.integers(min_value=0, max_value=9)
conductors = st.sampled_from([CHAIR, SECRETARY])


class Story(RuleBasedStateMachine):
    """Chair, secretary, clerk, five points and somebody behind each, all at once; the hall follows event by event."""

    def __init__(self, db: Database, at: datetime) -> None:
        super().__init__()
        self.db, self.at, self.hall = db, at, Hall()

    @initialize(opened=st.integers(0, 4))
    def start(self, opened: int) -> None:
        with self.db.write() as conn:
            self.meeting_id = convened(conn, self.at)
        self.at += timedelta(days=3)
        if opened:  # most of what there is to do is done in session
            self.here(service.open, by=CHAIR)
            self.everybody_comes()

    def attempt(self, use_case: Any, *args: Any, by: Subject, skew: int = 0, **more: Any) -> None:
        try:
            with self.db.write() as conn:
                use_case(conn, *args, by=by, at=self.at + timedelta(seconds=skew), **more)
        except MeetingError:
            return

    def here(self, use_case: Any, *args: Any, by: Subject, skew: int = 0, **more: Any) -> None:
        self.attempt(use_case, self.meeting_id, *args, by=by, skew=skew, **more)

    def somebody(self, point: Any, personal: bool) -> Subject:
        return self.person(point) if personal else seat_of(self.meeting_id, point)

    def person(self, point: Any) -> Subject:
        return Subject(name="An", person=PersonRef(self.meeting_id, f"p{point.point_id}", point.point_id, point.code, "An", "link"))

    def motion(self, pick: int, *methods: Method) -> str:
        with self.db.read() as conn:
            rows = [row for row in vote_store.motions(conn, self.meeting_id) if not methods or row.method in methods]
        return rows[-1 - pick % len(rows)].motion_id if rows else "none"

    def paper(self, pick: int, *states: str) -> str:
        with self.db.read() as conn:
            found = papers.documents(conn, self.meeting_id, *states)
        return found[pick % len(found)].document_id if found else "none"

    def waiting(self, pick: int) -> int:
        with self.db.read() as conn:
            entries = [one.entry for one in speech_store.live(conn, self.meeting_id)]
        return entries[pick % len(entries)] if entries else 1

    # --- the meeting

    @rule(skew=skews)
    def open(self, skew: int) -> None:
        self.here(service.open, by=CHAIR, skew=skew)

    @rule(step=st.sampled_from([service.suspend, service.resume]), skew=skews)
    def rest(self, step: Any, skew: int) -> None:
        self.here(step, by=CHAIR, skew=skew)

    @rule(lucky=st.integers(0, 19))
    def end(self, lucky: int) -> None:
        if lucky == 19:
            self.here(service.cancel, "bão", by=SECRETARY)
        elif lucky == 18:
            self.here(service.close, by=CHAIR)

    @rule(titles=st.lists(st.sampled_from(TITLES), min_size=1, max_size=3), by=conductors, minutes=st.none() | st.integers(1, 90))
    def change(self, titles: list[str], by: Subject, minutes: int | None) -> None:
        self.here(service.change, by=by, title="Giao ban", leaders=(), agenda=tuple(AgendaLine(title, "", minutes) for title in titles))

    @rule(point=points, skew=skews, how=st.sampled_from(["media", "signal"]), away=st.booleans())
    def come_and_go(self, point: Any, skew: int, how: str, away: bool) -> None:
        try:
            with self.db.write() as conn:
                at = self.at + timedelta(seconds=skew)
                if away:
                    service.seat_leave(conn, self.meeting_id, point.point_id, "gone", at)
                else:
                    service.seat_join(conn, self.meeting_id, point.point_id, at, how)
        except MeetingError:
            return

    @rule()
    def everybody_comes(self) -> None:
        for point in POINTS:
            self.come_and_go(point, 0, "media", False)

    @rule()
    def restart(self) -> None:
        with self.db.write() as conn:
            service.seats_clear(conn, self.at)

    @rule(fewer=picks)
    def book_again(self, fewer: int) -> None:
        self.here(service.seats_set, POINTS[:5 - fewer % 3], by=SECRETARY)

    @rule(item=st.none() | st.integers(1, 4), by=conductors, skew=skews)
    def programme(self, item: int | None, by: Subject, skew: int) -> None:
        self.here(service.agenda_go, item, by=by, skew=skew)

    @rule(strike=st.integers(0, 3))
    def conclude(self, strike: int) -> None:
        if strike:
            self.here(service.conclusion_remove, strike, by=CHAIR)
        else:
            self.here(service.conclusion_write, "Giao Sở Y tế báo cáo", by=CHAIR)

    # --- who speaks

    @rule(point=points, kind=st.sampled_from(list(Kind)), skew=skews, personal=st.booleans(), item=st.none() | st.integers(1, 3))
    def ask(self, point: Any, kind: Kind, skew: int, personal: bool, item: int | None) -> None:
        self.here(speaking.ask, point.point_id, kind, by=self.somebody(point, personal), skew=skew, item=item)

    @rule(point=points, up=st.booleans(), skew=skews)
    def hand(self, point: Any, up: bool, skew: int) -> None:
        self.here(service.hand, point.point_id, up, by=seat_of(self.meeting_id, point), skew=skew)

    @rule(pick=picks, other=st.none() | picks, what=st.sampled_from(["order", "decline", "withdraw", "call"]), skew=skews)
    def queue(self, pick: int, other: int | None, what: str, skew: int) -> None:
        entry = self.waiting(pick)
        if what == "order":
            self.here(speaking.order, entry, None if other is None else self.waiting(other), by=SECRETARY, skew=skew)
        elif what == "decline":
            self.here(speaking.decline, entry, "Hết giờ", by=CHAIR, skew=skew)
        else:
            self.here(speaking.withdraw if what == "withdraw" else speaking.floor_call, entry, by=CHAIR, skew=skew)

    @rule(point=st.none() | points, kind=st.sampled_from(list(Kind)), skew=skews, limit=st.none() | st.integers(10, 600))
    def give(self, point: Any, kind: Kind, skew: int, limit: int | None) -> None:
        self.here(service.floor_give, point and point.point_id, by=CHAIR, skew=skew, kind=kind, limit_s=limit)

    @rule(limit=st.none() | st.integers(10, 600), rule_=st.booleans(), lower=picks)
    def times(self, limit: int | None, rule_: bool, lower: int) -> None:
        if lower == 0:
            self.here(speaking.lower_all, by=CHAIR)
        elif rule_:
            self.here(speaking.times_set, Times(limit, None, limit, 10), by=CHAIR)
        else:
            self.here(speaking.floor_limit, limit, by=CHAIR)

    # --- who is heard

    @rule(point=points, muted=st.booleans(), skew=skews)
    def mute(self, point: Any, muted: bool, skew: int) -> None:
        self.here(muting.mute, point.point_id, muted, by=CHAIR, skew=skew)

    @rule(muted=st.booleans())
    def mute_all(self, muted: bool) -> None:
        self.here(muting.mute_all, muted, by=SECRETARY)

    @rule(point=points, answer=st.none() | st.booleans(), skew=skews)
    def ask_to_speak(self, point: Any, answer: bool | None, skew: int) -> None:
        if answer is None:
            self.here(muting.ask, point.point_id, by=CHAIR, skew=skew)
        else:
            self.here(muting.answer, point.point_id, answer, by=seat_of(self.meeting_id, point), skew=skew)

    @rule(point=st.none() | points, lobby=st.sampled_from(["quiet", "free"]), mode=st.sampled_from(["open", "held", "closed"]), above=st.integers(0, 6))
    def setting(self, point: Any, lobby: str, mode: str, above: int) -> None:
        self.here(muting.spotlight, point and point.point_id, by=CHAIR)
        self.here(muting.set_room, by=CHAIR, lobby=lobby, chat=mode, muted_above=above)

    @rule(point=points, what=st.sampled_from(["begin", "begin", "finish", "take", "let", "nobody", "lost", "sign"]), skew=skews)
    def screen(self, point: Any, what: str, skew: int) -> None:
        if what in ("begin", "finish"):
            self.here(sharing.begin if what == "begin" else sharing.finish, by=seat_of(self.meeting_id, point), skew=skew)
        elif what == "take":
            self.here(sharing.take, by=CHAIR, skew=skew)
        elif what == "lost":
            with self.db.write() as conn:
                sharing.lost(conn, self.meeting_id, point.point_id, self.at)
        else:
            self.here(muting.interpret if what == "sign" else sharing.let, None if what == "nobody" else point.point_id, by=CHAIR, skew=skew)

    @rule(point=st.none() | points, ord=st.integers(1, 3), what=st.sampled_from(["say", "confide", "release", "hide", "erase"]))
    def message(self, point: Any, ord: int, what: str) -> None:
        if what == "say":
            self.here(chat.say, "xin chào", by=seat_of(self.meeting_id, point) if point else CHAIR)
        elif what == "confide":
            self.here(chat.confide, "riêng", by=CHAIR)
        elif what == "release":
            self.here(chat.release, ord, by=CHAIR)
        else:
            self.here(chat.hide if what == "hide" else chat.erase, ord, "nhầm", by=CHAIR)

    # --- people, votes, papers, recordings

    @rule(point=points, to=st.sampled_from(list(Wanted)), reason=st.sampled_from(["", "ốm"]), skew=skews, heads=st.none() | st.integers(0, 30))
    def roll(self, point: Any, to: Wanted, reason: str, skew: int, heads: int | None) -> None:
        known = checkin.Known(f"p{point.point_id}", point.point_id, "An", "Phó")
        self.here(checkin.check, known, to, by=SECRETARY, skew=skew, how=How.FORM, reason=reason)
        if heads is not None:
            self.here(checkin.count, point.point_id, heads, by=seat_of(self.meeting_id, point))

    @rule(point=points, present=st.booleans(), again=picks)
    def by_hand(self, point: Any, present: bool, again: int) -> None:
        with self.db.read() as conn:
            known = service.delegates(conn, self.meeting_id)
        if again < 5 or not known:
            self.here(service.delegate_add, point.point_id, "Bình", "", present, by=SECRETARY)
        else:
            self.attempt(service.delegate_present, known[again % len(known)].delegate_id, present, by=SECRETARY)

    @rule(rule_=st.sampled_from(RULES), method=st.sampled_from([Method.ELECTRONIC, Method.HANDS]), item=st.none() | st.integers(1, 3), pick=picks,
          what=st.sampled_from(["prepare", "revise", "withdraw", "open", "open", "start", "start", "close"]), skew=skews)
    def decide(self, rule_: Rule, method: Method, item: int | None, pick: int, what: str, skew: int) -> None:
        worded = Draft(f"Nội dung {pick}", rule_, method=method, item=item)
        if what == "prepare":
            self.here(motions.motion_prepare, worded, by=SECRETARY)
        elif what == "revise":
            self.attempt(motions.motion_revise, self.motion(pick), worded, by=SECRETARY)
        elif what == "withdraw":
            self.attempt(motions.motion_withdraw, self.motion(pick), by=SECRETARY)
        elif what == "open":
            self.here(balloting.motion_open, worded.title, rule_, by=CHAIR, skew=skew, method=method, item=item)
        else:
            self.attempt(balloting.motion_start if what == "start" else balloting.motion_close, self.motion(pick), by=CHAIR, skew=skew)

    @rule(point=points, choice=st.sampled_from(["for", "against", "abstain"]), personal=st.booleans(), pick=st.sampled_from([0, 0, 1]), skew=skews)
    def vote(self, point: Any, choice: str, personal: bool, pick: int, skew: int) -> None:
        voter = f"p{point.point_id}" if personal else point.point_id
        self.attempt(balloting.cast, self.motion(pick), voter, choice, by=self.somebody(point, personal), skew=skew)

    @rule(choice=st.sampled_from(["for", "against"]), rule_=st.sampled_from(RULES[:2]), but=st.integers(0, 3))
    def everybody_votes(self, choice: str, rule_: Rule, but: int) -> None:
        self.here(balloting.motion_open, "Thông qua", rule_, by=CHAIR)
        for point in POINTS[but:]:
            self.vote(point, choice, False, 0, 0)
        self.attempt(balloting.motion_close, self.motion(0), by=CHAIR)

    @rule(rule_=st.sampled_from(RULES), joins=st.booleans(), pick=picks, asked=st.integers(1, 3), hours=st.sampled_from([1, 24, 72]), skew=skews)
    def ask_by_slip(self, rule_: Rule, joins: bool, pick: int, asked: int, hours: int, skew: int) -> None:
        earlier = self.motion(pick) if joins else None

        def send(conn: Any, meeting_id: str, by: Subject, at: datetime) -> None:
            draft = slips.like(conn, slips.to_join(conn, meeting_id, earlier)) if earlier else Draft("Lấy ý kiến", rule_, method=Method.SLIP)
            voted = {who for who, _choice in vote_store.votes(conn, earlier)} if earlier else set()
            every = [Voter(f"p{one.point_id}", one.point_id, f"p{one.point_id}", "An", 1, False) if draft.rule.over == "persons"
                     else Voter(str(one.point_id), one.point_id, None, one.name, 1, False) for one in POINTS]
            slips.send(conn, meeting_id, draft, [one for one in every if one.voter_id not in voted][:asked], at + timedelta(hours=hours), by, at, earlier)

        self.here(send, by=CHAIR, skew=skew)

    @rule(point=points, choice=st.sampled_from(["for", "against", "abstain"]), text=st.sampled_from(["", "Sửa điều 3"]), pick=picks, skew=skews)
    def answer_slip(self, point: Any, choice: str, text: str, pick: int, skew: int) -> None:
        self.attempt(slips.answer, self.motion(pick, Method.SLIP), choice, text, by=self.person(point), skew=skew)

    @rule(what=st.sampled_from(["remind", "clock", "extend", "end"]), pick=picks, hours=st.sampled_from([0, 2, 23, 25, 73]))
    def follow_slips(self, what: str, pick: int, hours: int) -> None:
        motion, at = self.motion(pick, Method.SLIP), self.at + timedelta(hours=hours)
        try:
            with self.db.write() as conn:
                if what == "extend":
                    slips.extend(conn, motion, at + timedelta(hours=30), CHAIR, at)
                elif what == "remind":
                    slips.remind(conn, motion, CHAIR, at)
                else:
                    (slips.remind_by_clock if what == "clock" else slips.end)(conn, motion, at)
        except MeetingError:
            return

    @rule(rule_=st.sampled_from(RULES), joins=st.booleans(), answers=st.integers(0, 3), text=st.sampled_from(["", "Sửa điều 3"]))
    def slips_from_their_sending_to_their_end(self, rule_: Rule, joins: bool, answers: int, text: str) -> None:
        if joins:
            self.everybody_votes("for", rule_, 3)
        self.ask_by_slip(rule_, joins, 0, 3, 24, 0)
        self.follow_slips("remind", 0, 2)
        for point in POINTS[:answers]:
            self.answer_slip(point, "against", text, 0, 0)
        self.follow_slips("end", 0, 25)

    @rule(yes=st.integers(0, 3), n=st.integers(1, 2), witness=st.booleans())
    def count_hands(self, yes: int, n: int, witness: bool) -> None:
        if witness:
            self.attempt(hand_counts.count_witness, self.motion(0), n, by=CLERK)
        else:
            self.attempt(hand_counts.count_enter, self.motion(0), {"for": yes, "against": 0, "abstain": 0}, by=SECRETARY)

    @rule(pick=picks, point=points, what=st.sampled_from(["add", "offer", "replace", "withdraw", "accept", "refuse", "show", "show", "hide"]), page=st.integers(1, 3))
    def paper_work(self, pick: int, point: Any, what: str, page: int) -> None:
        file = File(f"tệp {pick}", "application/pdf", 3, f"{random.Random(f'{pick}{page}').getrandbits(256):064x}", 3)
        if what == "add":
            self.here(papers.document_add, file.name, file.media_type, 3, file.sha256, by=SECRETARY, pages=3)
        elif what == "offer":
            self.here(papers.document_offer, file, by=self.somebody(point, pick % 2 == 0))
        elif what == "replace":
            self.here(papers.document_replace, self.paper(pick), file, by=SECRETARY)
        elif what == "withdraw":
            self.here(papers.document_withdraw, self.paper(pick), "nhầm", by=SECRETARY)
        elif what in ("accept", "refuse"):
            self.here(papers.document_settle, self.paper(pick, "offered"), what == "accept", "mờ" if page == 1 else "", by=SECRETARY)
        elif what == "show":
            self.here(presenting.show, self.paper(pick), page, by=CHAIR if page < 3 else seat_of(self.meeting_id, point))
        else:
            self.here(presenting.hide, by=CHAIR)

    @rule(what=st.sampled_from(["start", "stop", "broke", "resumed", "kept", "delete", "erased"]))
    def record(self, what: str) -> None:
        with self.db.read() as conn:
            every = [one.recording_id for one in recording_store.of_meeting(conn, self.meeting_id)]
        one = every[-1] if every else "none"
        if what == "start":
            self.here(recordings.start, "Lưu", "Cuộc họp được ghi", 30, False, by=CHAIR)
        elif what == "stop":
            self.here(recordings.stop, by=SECRETARY)
        elif what == "delete":
            self.here(recordings.delete, one, "hết cần", by=SECRETARY)
        else:
            step = {"broke": lambda conn: recordings.broke(conn, one, "disk_full", self.at),
                    "resumed": lambda conn: recordings.resumed(conn, one, self.at, self.at),
                    "kept": lambda conn: recordings.kept(conn, one, Kept(3, 1, 0, 9, "0" * 64), self.at) if self._ended(one) else None,
                    "erased": lambda conn: recordings.erased(conn, one, 1, 9, self.at) if self._deleted(one) else None}[what]
            try:
                with self.db.write() as conn:
                    step(conn)
            except MeetingError:
                return

    def _ended(self, one: str) -> bool:
        with self.db.read() as conn:
            return recording_store.load(conn, one).ended_at is not None

    def _deleted(self, one: str) -> bool:
        with self.db.read() as conn:
            return recording_store.load(conn, one).deleted_at is not None

    @invariant()
    def the_hall_is_what_the_tables_say(self) -> None:
        with self.db.read() as conn:
            for event in ledger_store.events(conn, self.meeting_id, after=self.hall.seq):
                self.hall.take(event)
            assert between(self.hall, conn, self.meeting_id) == []

    def teardown(self) -> None:
        with self.db.read() as conn:
            assert differences(conn, self.meeting_id) == [], "replayed from the first event, after a crash"


def test_i23_on_sqlite(sqlite_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Story(sqlite_db, at), settings=settings(max_examples=5, stateful_step_count=30))


@pytest.mark.postgres
def test_i23_on_postgresql(postgres_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Story(postgres_db, at), settings=settings(max_examples=2, stateful_step_count=30))


@pytest.mark.long
def test_i23_long(db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Story(db, at), settings=settings(max_examples=300, stateful_step_count=80))
