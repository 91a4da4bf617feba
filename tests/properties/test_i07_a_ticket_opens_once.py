"""I7.  Any mixing of minting, use, revocation, renewal, waiting and closing: a ticket opens one session at most, only
within its time, only of a link that stands, only while the room does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from meetings import service
from meetings.admission import Ticket
from meetings.errors import MeetingError
from meetings.store.database import Database
from tests.support.factories import CHAIR, POINTS, SECRETARY, opened


@dataclass
class Minted:
    token: str
    role: str
    generation: int
    expires: datetime
    session: str | None = None
    ended: bool = False


class Door(RuleBasedStateMachine):
    """One point's link; the model knows its generation and every ticket."""

    def __init__(self, db: Database, at: datetime) -> None:
        super().__init__()
        self.db, self.at = db, at
        self.minted: list[Minted] = []
        self.generation, self.revoked, self.concluded = 1, False, False

    def do(self, use_case: Any, *args: Any) -> Any:
        try:
            with self.db.write() as conn:
                return use_case(conn, *args)
        except MeetingError as error:
            return error.code

    @initialize()
    def start(self) -> None:
        with self.db.write() as conn:
            self.meeting_id = opened(conn, self.at, POINTS[:1])
            self.link_id = service.links(conn, self.meeting_id)[0].link_id

    @rule(seconds=st.sampled_from([1, 30, 59, 61, 600]))
    def wait(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    @rule(role=st.sampled_from(["publish", "subscribe"]))
    def mint(self, role: str) -> None:
        done = self.do(lambda conn: service.mint(conn, self.meeting_id, role, "22", 1, self.link_id, at=self.at))
        if self.concluded:
            assert done == "meeting.concluded"
        elif self.revoked:
            assert done == "link.revoked"
        else:
            self.minted.append(Minted(done, role, self.generation, self.at + timedelta(seconds=60)))

    @precondition(lambda self: self.minted)
    @rule(data=st.data(), wrong=st.sampled_from([None, None, None, "role", "room", "token"]))
    def redeem(self, data: st.DataObject, wrong: str | None) -> None:
        ticket = data.draw(st.sampled_from(self.minted))
        role = {"publish": "subscribe", "subscribe": "publish"}[ticket.role] if wrong == "role" else ticket.role
        room = "bench-1" if wrong == "room" else self.meeting_id
        token = ticket.token[::-1] if wrong == "token" else ticket.token
        done = self.do(service.redeem, token, room, role, self.at)
        if wrong:
            assert done == "ticket.foreign"
        elif ticket.session:
            assert done == "ticket.used"
        elif self.at > ticket.expires:
            assert done == "ticket.expired"
        elif self.concluded:
            assert done == "meeting.concluded"
        elif self.revoked or ticket.generation != self.generation:
            assert done == "link.revoked"
        else:
            assert isinstance(done, Ticket)
            ticket.session = done.session_id

    @precondition(lambda self: any(ticket.session for ticket in self.minted))
    @rule(data=st.data())
    def come_back_with_the_bearer(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from([ticket for ticket in self.minted if ticket.session]))
        done = self.do(service.session_of, ticket.session, ticket.token)
        assert done == "session.unknown" if ticket.ended else done.session_id == ticket.session

    @precondition(lambda self: any(ticket.session for ticket in self.minted))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from([ticket for ticket in self.minted if ticket.session]))
        assert self.do(service.end_session, ticket.session, self.at) is not ticket.ended
        ticket.ended = True

    @precondition(lambda self: not self.concluded)
    @rule()
    def revoke(self) -> None:
        done = self.do(service.link_revoke, self.meeting_id, 1, SECRETARY, self.at)
        live = {ticket.session for ticket in self.minted if ticket.session and not ticket.ended}
        assert done == "link.revoked" if self.revoked else set(done) == live
        self.revoked = True

    @precondition(lambda self: not self.concluded)
    @rule()
    def renew(self) -> None:
        self.generation += 1
        assert self.do(service.link_renew, self.meeting_id, 1, SECRETARY, self.at).generation == self.generation
        self.revoked = False

    @precondition(lambda self: not self.concluded and len(self.minted) > 4)
    @rule()
    def conclude(self) -> None:
        self.do(service.close, self.meeting_id, CHAIR, self.at)
        self.concluded = True

    def teardown(self) -> None:
        sessions = [ticket.session for ticket in self.minted if ticket.session]
        assert len(sessions) == len(set(sessions))


def test_i7_on_sqlite(sqlite_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Door(sqlite_db, at),
                              settings=settings(max_examples=15, stateful_step_count=30))


@pytest.mark.postgres
def test_i7_on_postgresql(postgres_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Door(postgres_db, at), settings=settings(max_examples=5, stateful_step_count=25))


@pytest.mark.long
def test_i7_long(db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Door(db, at), settings=settings(max_examples=300, stateful_step_count=60))
