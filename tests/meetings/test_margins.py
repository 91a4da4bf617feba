"""Notes are the reader's own: they come back with the same file, are seen by nobody else, and never enter the ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings import margins, papers
from meetings.access import PersonRef, Subject
from meetings.errors import Invalid, MeetingError, NotAllowed, NotFound, TooLarge
from meetings.papers import File
from meetings.store.database import Connection, Database
from meetings.store.ledger_store import events
from tests.meetings.test_races import race
from tests.support.factories import CHAIR, OFFICER, POINTS, SECRETARY, STRANGER, TECHNICIAN, convened, seat_of

HERE = {"kind": "text", "at": [10, 9_000], "text": "Hỏi lại số liệu"}


def paper(conn: Connection, meeting_id: str, at: datetime, name: str = "a.pdf", sha: str = "ab") -> str:
    return papers.document_add(conn, meeting_id, name, "application/pdf", 7, sha * 32, SECRETARY, at, 9)


def mine(conn: Connection, meeting_id: str, document_id: str, by: Subject) -> list[tuple[int, str]]:
    found = papers.document(conn, meeting_id, document_id)
    return [(note.page, note.body.get("text", "")) for note in margins.notes(conn, found, by)]


def test_notes_come_back_in_the_next_meeting_with_the_same_file_and_only_there(db: Database, at: datetime) -> None:
    with db.write() as conn:
        first, second = convened(conn, at), convened(conn, at, POINTS[1:], main_point_id=None)
        one, again, other = paper(conn, first, at), paper(conn, second, at, "b.pdf"), paper(conn, second, at, "c.pdf", "cd")
        before = len(events(conn, first))
        for by in (CHAIR, seat_of(first, POINTS[1])):
            margins.note_put(conn, first, one, None, 3, HERE, by, at)
        assert len(events(conn, first)) == before
        assert mine(conn, second, again, CHAIR) == mine(conn, second, again, seat_of(second, POINTS[1])) == [(3, HERE["text"])]
        assert mine(conn, second, other, CHAIR) == mine(conn, first, one, SECRETARY) == mine(conn, first, one, seat_of(first, POINTS[2])) == []


def test_a_note_is_changed_and_removed_by_its_reader_alone(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        document = paper(conn, meeting_id, at)
        note = margins.note_put(conn, meeting_id, document, None, 3, HERE, CHAIR, at)
        assert margins.note_put(conn, meeting_id, document, note, 4, {**HERE, "text": "Đã rõ"}, CHAIR, at) == note
        for act in (lambda: margins.note_put(conn, meeting_id, document, note, 4, HERE, SECRETARY, at),
                    lambda: margins.note_remove(conn, meeting_id, document, note, SECRETARY)):
            with pytest.raises(NotFound):
                act()
        assert mine(conn, meeting_id, document, CHAIR) == [(4, "Đã rõ")]
        margins.note_remove(conn, meeting_id, document, note, CHAIR)
        assert mine(conn, meeting_id, document, CHAIR) == []


def test_whose_notes_they_are() -> None:
    seat = seat_of("m", POINTS[1])
    person = Subject(name="A", person=PersonRef("m", "p9", 2, "x", "A", "l"))
    assert [margins.reader_of(by) for by in (seat, person, CHAIR, replace(CHAIR, seat=seat.seat))] == [
        f"s:{POINTS[1].point_id}", "d:p9", "u:u-chair", "u:u-chair"]
    with pytest.raises(NotFound):
        margins.reader_of(Subject())


def test_who_reads_no_papers_keeps_no_notes(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        document = paper(conn, meeting_id, at)
        for by, error in ((TECHNICIAN, NotAllowed), (STRANGER, NotFound), (seat_of("other", POINTS[1]), NotFound)):
            for act in (lambda by=by: margins.note_put(conn, meeting_id, document, None, 1, HERE, by, at),
                        lambda by=by: margins.read_to(conn, meeting_id, document, 1, by, at)):
                with pytest.raises(error):
                    act()


def test_there_is_an_end_to_notes(sqlite_db: Database, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(margins, "MOST_NOTES", 2)
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        document = paper(conn, meeting_id, at)
        for _ in range(2):
            margins.note_put(conn, meeting_id, document, None, 1, HERE, CHAIR, at)
        with pytest.raises(TooLarge, match=r"note\.many"):
            margins.note_put(conn, meeting_id, document, None, 1, HERE, CHAIR, at)
        margins.note_put(conn, meeting_id, document, None, 1, HERE, SECRETARY, at)


def test_many_devices_of_one_reader_keep_no_more_notes_than_one(db: Database, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(margins, "MOST_NOTES", 3)
    with db.write() as conn:
        meeting_id = convened(conn, at)
        document = paper(conn, meeting_id, at)
    outcomes = race(db, [lambda conn: margins.note_put(conn, meeting_id, document, None, 1, HERE, CHAIR, at)] * 8)
    assert Counter(outcomes) == {"won": 3, "note.many": 5}


@pytest.mark.parametrize("bad", [
    {}, {**HERE, "kind": "video"}, {**HERE, "at": [1]}, {**HERE, "at": [1, 2, 3, 4]}, {**HERE, "at": [1, 10_001]}, {**HERE, "at": [1.5, 2]},
    {**HERE, "at": [True, 2]}, {**HERE, "at": "12"}, {"kind": "mark", "at": [1, 2]}, {"kind": "pen", "at": [1, 2] * 401}, {**HERE, "text": 7},
    {"kind": "pen", "at": [1, 2]},
])
def test_what_is_no_note(bad: dict[str, object]) -> None:
    with pytest.raises(Invalid, match=r"note\.bad"):
        margins.body_of(bad)


def test_words_are_words() -> None:
    for text, code in (("", "text.empty"), ("x" * 1_001, "text.too_long"), ("a\u202eb", "text.control")):
        with pytest.raises(Invalid) as caught:
            margins.body_of({**HERE, "text": text})
        assert caught.value.code == code
    assert margins.body_of({"kind": "mark", "at": [1, 2, 3, 4], "more": 1}) == {"kind": "mark", "at": [1, 2, 3, 4]}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=5)), st.sampled_from(("text", "mark", "pen", "")),
       st.lists(st.integers(-2, 10_002), max_size=9))
def test_whatever_a_page_sends_is_kept_small_or_refused(text: object, kind: str, places: list[int]) -> None:
    try:
        kept = margins.body_of({"kind": kind, "at": places, "text": text})
    except MeetingError as error:
        assert error.code.startswith(("note.", "text."))
    else:
        assert set(kept) <= {"kind", "at", "text"} and all(0 <= one <= margins.SCALE for one in kept["at"])


def test_a_first_reading_is_an_event_and_later_ones_are_not(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        document, seat = paper(conn, meeting_id, at), seat_of(meeting_id, POINTS[1])
        for page in (1, 2, 5):
            margins.read_to(conn, meeting_id, document, page, seat, at)
        margins.read_to(conn, meeting_id, document, 1, OFFICER, at)
        with pytest.raises(Invalid, match=r"page\.unknown"):
            margins.read_to(conn, meeting_id, document, 10, seat, at)
        told = [event for event in events(conn, meeting_id) if event.kind == "document.opened"]
        assert [(event.point or {}).get("code") for event in told] == [POINTS[1].code, None]
        assert margins.marks(conn, meeting_id, seat) == ({document: 5}, set())


def test_whoever_read_an_older_version_is_told(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        first = paper(conn, meeting_id, at)
        margins.read_to(conn, meeting_id, first, 1, CHAIR, at)
        second = papers.document_replace(conn, meeting_id, first, File("a.pdf", "application/pdf", 7, "cd" * 32, 9), SECRETARY, at)
        third = papers.document_replace(conn, meeting_id, second, File("a.pdf", "application/pdf", 7, "ef" * 32, 9), SECRETARY, at)
        assert third in margins.marks(conn, meeting_id, CHAIR)[1] and not margins.marks(conn, meeting_id, OFFICER)[1]
        margins.read_to(conn, meeting_id, third, 1, CHAIR, at)
        assert third not in margins.marks(conn, meeting_id, CHAIR)[1]
