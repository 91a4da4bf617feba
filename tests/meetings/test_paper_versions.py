"""Papers are replaced, withdrawn, offered and taken; each move once, by whoever may, and the database knows the same moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import product

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from meetings import papers, service
from meetings.errors import Conflict, Invalid, NotAllowed, NotFound
from meetings.papers import File
from meetings.store import paper_store, tables
from meetings.store.database import Connection, Database
from meetings.store.ledger_store import events
from tests.support.factories import CHAIR, OFFICER, POINTS, SECRETARY, STRANGER, convened, draft, opened, seat_of

MOVES = {("offered", "in"), ("offered", "refused"), ("in", "replaced"), ("in", "withdrawn")}
STATES = ("offered", "in", "refused", "replaced", "withdrawn")


def file(name: str = "a.pdf", sha: str = "ab", pages: int | None = 9) -> File:
    return File(name, "application/pdf", 7, sha * 32, pages)


def add(conn: Connection, meeting_id: str, at: datetime, name: str = "a.pdf", sha: str = "ab") -> str:
    return papers.document_add(conn, meeting_id, name, "application/pdf", 7, sha * 32, SECRETARY, at, 9)


def test_a_newer_version_takes_the_place_and_the_name(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        old = add(conn, meeting_id, at)
        new = papers.document_replace(conn, meeting_id, old, file(sha="cd"), SECRETARY, at)
        assert [(one.document_id, one.replaces) for one in papers.documents(conn, meeting_id)] == [(new, old)]
        assert papers.document(conn, meeting_id, old).state == "replaced"  # whoever reads it may read on
        with pytest.raises(Conflict, match=r"document\.ended"):
            papers.document_replace(conn, meeting_id, old, file(sha="ef"), SECRETARY, at)
        with pytest.raises(Conflict, match=r"document\.same"):
            papers.document_replace(conn, meeting_id, new, file("b.pdf", sha="cd"), SECRETARY, at)
        event = events(conn, meeting_id)[-1]
    assert event.kind == "document.replaced" and event.data == {
        "document": new, "replaces": old, "name": "a.pdf", "sha256": "cd" * 32, "size": 7, "media_type": "application/pdf", "pages": 9}


def test_what_was_withdrawn_is_read_by_nobody_and_its_name_is_free(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        old = add(conn, meeting_id, at)
        with pytest.raises(Invalid, match=r"text\.empty"):
            papers.document_withdraw(conn, meeting_id, old, " ", SECRETARY, at)
        papers.document_withdraw(conn, meeting_id, old, "Nhầm tệp", SECRETARY, at)
        with pytest.raises(NotFound):
            papers.document(conn, meeting_id, old)
        assert events(conn, meeting_id)[-1].data == {"document": old, "name": "a.pdf", "reason": "Nhầm tệp"}
        assert add(conn, meeting_id, at) != old


@pytest.mark.parametrize("act", [
    lambda conn, meeting_id, old, by, at: papers.document_replace(conn, meeting_id, old, file(sha="cd"), by, at),
    lambda conn, meeting_id, old, by, at: papers.document_withdraw(conn, meeting_id, old, "x", by, at),
    lambda conn, meeting_id, old, by, at: papers.document_settle(conn, meeting_id, old, True, "", by, at),
], ids=["replace", "withdraw", "settle"])
def test_only_those_who_prepare_the_meeting(sqlite_db: Database, at: datetime, act: Callable[..., object]) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        old = add(conn, meeting_id, at)
        for by, error in ((OFFICER, NotAllowed), (STRANGER, NotFound), (seat_of(meeting_id, POINTS[1]), NotAllowed)):
            with pytest.raises(error):
                act(conn, meeting_id, old, by, at)
        with pytest.raises(NotFound):  # a paper of another meeting
            act(conn, draft(conn, at), old, SECRETARY, at)


def test_a_newer_version_is_called_as_every_paper_is(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        new = papers.document_replace(conn, meeting_id, add(conn, meeting_id, at), file(" a\u0300.pdf ", sha="cd"), SECRETARY, at)
        assert papers.document(conn, meeting_id, new).name == "à.pdf" == events(conn, meeting_id)[-1].data["name"]


def test_a_point_hands_in_and_the_secretary_takes_or_refuses(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        seat = seat_of(meeting_id, POINTS[1])
        first, second = (papers.document_offer(conn, meeting_id, file(), seat, at) for _ in range(2))
        assert papers.documents(conn, meeting_id) == []
        assert [one.name for one in papers.documents(conn, meeting_id, "offered")] == ["a.pdf", "a (2).pdf"]
        with pytest.raises(NotFound):
            papers.document(conn, meeting_id, first)
        papers.document_settle(conn, meeting_id, first, True, "", SECRETARY, at)
        papers.document_settle(conn, meeting_id, second, False, "Mờ, chụp lại", SECRETARY, at)
        with pytest.raises(Conflict, match=r"document\.ended"):
            papers.document_settle(conn, meeting_id, second, True, "", SECRETARY, at)
        assert [one.document_id for one in papers.documents(conn, meeting_id)] == [first]
        told = [(event.kind, (event.point or {}).get("code"), event.data.get("reason")) for event in events(conn, meeting_id)][-4:]
    code = POINTS[1].code
    assert told == [("document.offered", code, None), ("document.offered", code, None), ("document.accepted", code, None),
                    ("document.refused", code, "Mờ, chụp lại")]


def test_nobody_offers_without_end_nor_outside_a_meeting(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        seat = seat_of(meeting_id, POINTS[1])
        for number in range(papers.MOST_OFFERED):
            papers.document_offer(conn, meeting_id, file(f"{number}.pdf"), seat, at)
        with pytest.raises(Conflict, match=r"document\.offered_many"):
            papers.document_offer(conn, meeting_id, file("z.pdf"), seat, at)
        papers.document_offer(conn, meeting_id, file("z.pdf"), seat_of(meeting_id, POINTS[2]), at)
        with pytest.raises(NotAllowed):
            papers.document_offer(conn, meeting_id, file("y.pdf"), OFFICER, at)
        with pytest.raises(NotFound):
            papers.document_offer(conn, convened(conn, at, POINTS[1:2], main_point_id=None), file(), seat, at)


def test_papers_of_an_ended_meeting_stay_as_they_are(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        old = add(conn, meeting_id, at)
        service.close(conn, meeting_id, by=CHAIR, at=at)
        for act in (lambda: papers.document_replace(conn, meeting_id, old, file(sha="cd"), SECRETARY, at),
                    lambda: papers.document_withdraw(conn, meeting_id, old, "x", SECRETARY, at),
                    lambda: papers.document_offer(conn, meeting_id, file("b.pdf"), seat_of(meeting_id, POINTS[1]), at)):
            with pytest.raises(Exception, match=r"meeting\.concluded"):
                act()


def test_the_database_makes_no_other_move(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = draft(conn, at)
        for old, new in product(STATES, STATES):
            row = {"document_id": f"{old} {new}", "name": f"{old} {new}", "media_type": "x", "size": 1, "sha256": "ab" * 32}
            paper_store.add(conn, meeting_id, **row, added_at=at, added_by="u", state=old)
            if old == new or (old, new) in MOVES:
                paper_store.move(conn, f"{old} {new}", new, at)
                continue
            with pytest.raises(IntegrityError, match="document_kept"), conn.begin_nested():
                paper_store.move(conn, f"{old} {new}", new, at)


@pytest.mark.parametrize("change", [{"name": "b"}, {"sha256": "cd" * 32}, {"size": 2}, {"media_type": "y"}, {"pages": 0}, {"state": "lost"}])
def test_the_database_keeps_what_a_paper_is(db: Database, at: datetime, change: dict[str, object]) -> None:
    with db.write() as conn:
        add(conn, draft(conn, at), at)
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(update(tables.document).values(**change))


def test_a_paper_is_replaced_once(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = draft(conn, at)
        old = add(conn, meeting_id, at)
        papers.document_replace(conn, meeting_id, old, file(sha="cd"), SECRETARY, at)
    with pytest.raises(IntegrityError), db.write() as conn:
        paper_store.add(conn, meeting_id, document_id="e", name="e", media_type="x", size=1, sha256="ab" * 32, added_at=at, added_by="u", replaces=old)
