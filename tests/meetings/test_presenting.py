"""One page is shown to all, turned by whoever conducts or has the floor; every turn is an event and a page that exists."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from meetings import papers, presenting, service
from meetings.errors import Conflict, Invalid, NotAllowed, NotFound
from meetings.papers import File
from meetings.store import paper_store
from meetings.store.database import Connection, Database
from meetings.store.ledger_store import events
from meetings.store.paper_table import paper_shown
from tests.support.factories import CHAIR, OFFICER, POINTS, SECRETARY, STRANGER, convened, opened, seat_of


def paper(conn: Connection, meeting_id: str, at: datetime, name: str = "a.pdf", pages: int | None = 9) -> str:
    return papers.document_add(conn, meeting_id, name, "application/pdf", 7, "ab" * 32, SECRETARY, at, pages)


def kinds(conn: Connection, meeting_id: str) -> list[str]:
    return [event.kind for event in events(conn, meeting_id) if event.kind.endswith((".shown", ".hidden"))]


def test_pages_are_turned_by_the_chairs_side(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        first, second = paper(conn, meeting_id, at), paper(conn, meeting_id, at, "b.pdf", 2)
        for document, page, by in ((first, 1, CHAIR), (first, 2, SECRETARY), (first, 2, CHAIR), (second, 2, CHAIR)):
            found = presenting.show(conn, meeting_id, document, page, by, at)
            assert found == presenting.shown(conn, meeting_id) and (found.document_id, found.page, found.point_id) == (document, page, None)
        presenting.hide(conn, meeting_id, CHAIR, at)
        assert presenting.shown(conn, meeting_id) is None
        with pytest.raises(Conflict, match=r"present\.nothing"):
            presenting.hide(conn, meeting_id, CHAIR, at)
        assert kinds(conn, meeting_id) == ["document.shown", "page.shown", "document.shown", "document.hidden"]


def test_a_point_turns_pages_while_it_has_the_floor(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        document, point = paper(conn, meeting_id, at), POINTS[1]
        seat = seat_of(meeting_id, point)
        with pytest.raises(NotAllowed, match=r"present\.no_floor"):
            presenting.show(conn, meeting_id, document, 1, seat, at)
        service.floor_give(conn, meeting_id, point.point_id, by=CHAIR, at=at)
        assert presenting.show(conn, meeting_id, document, 3, seat, at).point_id == point.point_id
        assert events(conn, meeting_id)[-1].point["code"] == point.code
        service.floor_give(conn, meeting_id, None, by=CHAIR, at=at)
        for act in (lambda: presenting.show(conn, meeting_id, document, 4, seat, at), lambda: presenting.hide(conn, meeting_id, seat, at)):
            with pytest.raises(NotAllowed, match=r"present\.no_floor"):
                act()
        assert presenting.shown(conn, meeting_id).page == 3  # it stays until somebody turns it or puts it away


@pytest.mark.parametrize("page", [0, 10, -1])
def test_only_pages_that_exist(sqlite_db: Database, at: datetime, page: int) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        with pytest.raises(Invalid, match=r"page\.unknown"):
            presenting.show(conn, meeting_id, paper(conn, meeting_id, at), page, CHAIR, at)


def test_nothing_that_has_no_pages_is_away_or_belongs_elsewhere(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id, other = opened(conn, at), convened(conn, at, POINTS[1:], main_point_id=None)
        word, elsewhere, gone = paper(conn, meeting_id, at, "a.docx", None), paper(conn, other, at), paper(conn, meeting_id, at)
        with pytest.raises(Invalid, match=r"page\.unknown"):
            presenting.show(conn, meeting_id, word, 1, CHAIR, at)
        presenting.show(conn, meeting_id, gone, 1, CHAIR, at)
        papers.document_withdraw(conn, meeting_id, gone, "Nhầm", SECRETARY, at)
        assert presenting.shown(conn, meeting_id) is None
        for document in (elsewhere, gone, "nothing"):
            with pytest.raises(NotFound):
                presenting.show(conn, meeting_id, document, 1, CHAIR, at)


def test_a_new_version_takes_the_old_one_off_the_screens(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        old = paper(conn, meeting_id, at)
        presenting.show(conn, meeting_id, old, 1, CHAIR, at)
        papers.document_replace(conn, meeting_id, old, File("a.pdf", "application/pdf", 7, "cd" * 32, 9), SECRETARY, at)
        assert presenting.shown(conn, meeting_id) is None


def test_only_in_session_and_only_by_those_who_may(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        document = paper(conn, meeting_id, at)
        with pytest.raises(Conflict, match=r"meeting\.state"):
            presenting.show(conn, meeting_id, document, 1, CHAIR, at)
        service.open(conn, meeting_id, by=CHAIR, at=at)
        for by, error in ((OFFICER, NotAllowed), (STRANGER, NotFound)):
            with pytest.raises(error):
                presenting.show(conn, meeting_id, document, 1, by, at)


@pytest.mark.parametrize("bad", [{"page": 0}, {"page": 10}, {"document_id": "other"}, {"meeting_id": "other"}])
def test_the_database_shows_no_page_that_is_not_there(db: Database, at: datetime, bad: dict[str, object]) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        document = paper(conn, meeting_id, at)
        row = {"meeting_id": meeting_id, "document_id": document, "page": 9, "since": at}
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(insert(paper_shown).values(**{**row, **bad}))
    with db.write() as conn:
        conn.execute(insert(paper_shown).values(**row))
    with pytest.raises(IntegrityError), db.write() as conn:
        paper_store.show(conn, meeting_id, document, 10, None, at)
