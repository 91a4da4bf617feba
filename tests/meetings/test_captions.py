"""Captions: who may type, bounds, the last line corrected for a short time, erased for good; the lines as WebVTT."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from meetings import captioning, captions, service, speaking
from meetings.access import Subject
from meetings.captions import CORRECTABLE, LIMIT, Line, cues, webvtt
from meetings.errors import Closed, Conflict, Invalid, MeetingError, NotAllowed, NotFound
from meetings.store import caption_store, seat_store
from meetings.store.caption_table import caption
from meetings.store.database import Database
from meetings.store.ledger_store import events
from tests.meetings.test_recordings import template  # noqa: F401 - a fixture
from tests.support.factories import CHAIR, CLERK, DIVISION_HEAD, OFFICER, POINTS, SECRETARY, STRANGER, convened, opened, seat_of

SECOND = timedelta(seconds=1)
ZERO = datetime(2026, 3, 5, 8, tzinfo=UTC)


def texts(lines: list[Line]) -> list[str | None]:
    return [one.text for one in lines]


def test_a_line_has_the_point_that_speaks_and_the_ledger_only_who_typed(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        captioning.type_line(conn, meeting_id, "  Kính thưa các đồng chí ", by=SECRETARY, at=at)
        speaking.floor_give(conn, meeting_id, POINTS[1].point_id, by=CHAIR, at=at)
        said = captioning.type_line(conn, meeting_id, "Huyện xin báo cáo", by=DIVISION_HEAD, at=at + SECOND)
        assert (said.ord, said.code, said.point, said.author) == (2, "204", POINTS[1].name, DIVISION_HEAD.name)
        captioning.type_line(conn, meeting_id, "Ba Chẽ đã làm xong", by=SECRETARY, at=at + 2 * SECOND)
        told = captioning.read(conn, meeting_id)
        assert [(one.code, one.text) for one in told] == [
            (None, "Kính thưa các đồng chí"), ("204", "Huyện xin báo cáo"), ("204", "Ba Chẽ đã làm xong")]
        assert texts(captioning.read(conn, meeting_id, after=2)) == ["Ba Chẽ đã làm xong"]
        assert seat_store.in_use(conn, meeting_id, [POINTS[1].point_id]) == [POINTS[1].point_id]
        service.close(conn, meeting_id, by=CHAIR, at=at + 3 * SECOND)
        story = [(one.kind, one.actor and one.actor["name"], dict(one.data)) for one in events(conn, meeting_id) if one.kind.startswith("caption")]
        assert story == [("captions.begun", SECRETARY.name, {}), ("captions.begun", DIVISION_HEAD.name, {}),
                         ("captions.ended", CHAIR.name, {"lines": 3, "kept": 3})]


def test_a_meeting_without_captions_says_nothing_of_them(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        service.close(conn, meeting_id, by=CHAIR, at=at)
        assert not [one for one in events(conn, meeting_id) if one.kind.startswith("caption")]


def test_only_those_who_may_type_and_only_while_the_meeting_is_on(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        waiting, meeting_id = convened(conn, at), opened(conn, at)
        for who in (seat_of(meeting_id, POINTS[1]), CLERK, OFFICER, STRANGER):
            with pytest.raises((NotAllowed, NotFound)):
                captioning.type_line(conn, meeting_id, "t", by=who, at=at)
        with pytest.raises(Conflict, match=r"meeting\.state"):
            captioning.type_line(conn, waiting, "t", by=SECRETARY, at=at)
        service.suspend(conn, meeting_id, by=CHAIR, at=at)
        captioning.type_line(conn, meeting_id, "Tạm nghỉ mười phút", by=SECRETARY, at=at)
        for wrong in ("", " ", "x" * (LIMIT + 1), "a\nb", "a\u202eb"):
            with pytest.raises(Invalid):
                captioning.type_line(conn, meeting_id, wrong, by=SECRETARY, at=at)
        service.close(conn, meeting_id, by=CHAIR, at=at)
        for deed in (lambda: captioning.type_line(conn, meeting_id, "t", by=SECRETARY, at=at),
                     lambda: captioning.correct(conn, meeting_id, 1, "t", by=SECRETARY, at=at),
                     lambda: captioning.withdraw(conn, meeting_id, 1, by=SECRETARY, at=at)):
            with pytest.raises(Closed):
                deed()


def test_the_last_line_of_an_author_is_corrected_or_taken_back_for_a_short_time(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        for who, text in ((DIVISION_HEAD, "Một"), (DIVISION_HEAD, "Hai"), (SECRETARY, "Ba")):
            captioning.type_line(conn, meeting_id, text, by=who, at=at)
        with pytest.raises(Conflict, match=r"caption\.late"):  # another one of the same author came after it
            captioning.correct(conn, meeting_id, 1, "Sửa", by=DIVISION_HEAD, at=at)
        with pytest.raises(Conflict, match=r"caption\.late"):  # somebody else's, by one who does not conduct
            captioning.correct(conn, meeting_id, 3, "Sửa", by=DIVISION_HEAD, at=at)
        assert captioning.correct(conn, meeting_id, 2, "Hai mươi", by=DIVISION_HEAD, at=at + CORRECTABLE).text == "Hai mươi"
        captioning.correct(conn, meeting_id, 2, "Hai mốt", by=SECRETARY, at=at)  # the secretary's word, of any author's last line
        meeting = service.get(conn, meeting_id)
        lines = captioning.read(conn, meeting_id)
        assert captioning.open_lines(conn, meeting, lines, SECRETARY, at) == {2, 3}
        assert captioning.open_lines(conn, meeting, lines, DIVISION_HEAD, at) == {2}
        assert captioning.open_lines(conn, meeting, lines, SECRETARY, at + CORRECTABLE + SECOND) == set()
        assert captioning.withdraw(conn, meeting_id, 2, by=DIVISION_HEAD, at=at).text is None
        assert texts(captioning.read(conn, meeting_id)) == ["Một", "Ba"]
        for late in (lambda: captioning.withdraw(conn, meeting_id, 2, by=DIVISION_HEAD, at=at),
                     lambda: captioning.correct(conn, meeting_id, 3, "x", by=SECRETARY, at=at + CORRECTABLE + SECOND)):
            with pytest.raises(Conflict, match=r"caption\.late"):
                late()
        with pytest.raises(NotFound, match=r"caption\.unknown"):
            captioning.withdraw(conn, meeting_id, 9, by=SECRETARY, at=at)


def test_the_text_goes_for_good_and_the_ledger_says_that_it_did(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        for text in ("Một", "Hai", "Ba"):
            captioning.type_line(conn, meeting_id, text, by=SECRETARY, at=at)
        captioning.withdraw(conn, meeting_id, 3, by=SECRETARY, at=at)
        service.close(conn, meeting_id, by=CHAIR, at=at)
        for who in (CHAIR, DIVISION_HEAD, seat_of(meeting_id, POINTS[1])):
            with pytest.raises((NotAllowed, NotFound)):
                captioning.erase(conn, meeting_id, "Nhầm", by=who, at=at)
        with pytest.raises(Invalid):
            captioning.erase(conn, meeting_id, " ", by=SECRETARY, at=at)
        assert captioning.erase(conn, meeting_id, "Có nội dung mật", by=SECRETARY, at=at) == 2
        assert captioning.read(conn, meeting_id) == [] and caption_store.every(conn, meeting_id) == []
        with pytest.raises(Conflict, match=r"caption\.none"):
            captioning.erase(conn, meeting_id, "Lần nữa", by=SECRETARY, at=at)
        last = events(conn, meeting_id)[-1]
        assert (last.kind, dict(last.data)) == ("captions.erased", {"count": 2, "reason": "Có nội dung mật"})


def test_a_meeting_takes_so_many_lines_and_no_more(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        conn.execute(insert(caption).values(**{**ROW, "meeting_id": meeting_id, "ord": captions.MOST, "said_at": at, "until": at + SECOND}))
        with pytest.raises(Conflict, match=r"caption\.full"):
            captioning.type_line(conn, meeting_id, "t", by=SECRETARY, at=at)


ROW: dict[str, Any] = {"ord": 1, "user_id": "u", "author": "x", "point_id": 2, "text": "t"}


@pytest.mark.parametrize("values", [
    {"ord": 0}, {"ord": captions.MOST + 1}, {"text": ""}, {"text": "x" * (LIMIT + 1)}, {"text": None}, {"gone": "erased"}, {"user_id": None},
    {"point_id": 99}, {"text": None, "gone": "lost"}, {"text": None, "gone": "withdrawn"}, {"until": timedelta(0)}, {"amended_at": timedelta(hours=1)},
])
def test_the_database_refuses_what_no_line_can_be(db: Database, at: datetime, values: dict[str, Any]) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
    row = {**ROW, "meeting_id": meeting_id, "said_at": at, "until": CORRECTABLE, **values}
    row = {name: at + value if isinstance(value, timedelta) else value for name, value in row.items()}
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(insert(caption).values(**row))


def test_the_database_holds_the_meeting_the_last_line_and_that_what_went_stays_gone(db: Database, at: datetime) -> None:
    with db.write() as conn:
        waiting, meeting_id = convened(conn, at), opened(conn, at)
        for text in ("Một", "Hai", "Ba"):
            captioning.type_line(conn, meeting_id, text, by=SECRETARY, at=at)
    row = {**ROW, "meeting_id": waiting, "said_at": at, "until": at + CORRECTABLE}
    with pytest.raises(IntegrityError, match="caption_on"), db.write() as conn:
        conn.execute(insert(caption).values(**row))

    def change(ord: int, **values: Any) -> None:
        with db.write() as conn:
            conn.execute(update(caption).where(caption.c.ord == ord).values(**values))

    for ord, values, refusal in (
        (2, {"text": "Khác", "amended_at": at}, "caption_text"), (3, {"text": "Khác"}, "caption_text"),
        (2, {"text": None, "gone": "withdrawn", "amended_at": at}, "caption_text"), (3, {"author": "Ai"}, "caption_fixed"),
        (3, {"until": at + 9 * CORRECTABLE}, "caption_fixed"), (3, {"point_id": 2}, "caption_fixed"),
    ):
        with pytest.raises(IntegrityError, match=refusal):
            change(ord, **values)
    with pytest.raises(IntegrityError, match="caption_kept"), db.write() as conn:
        conn.execute(delete(caption))
    with db.write() as conn:
        captioning.erase(conn, meeting_id, "Nhầm", by=SECRETARY, at=at)
    with pytest.raises(IntegrityError, match="caption_text"):
        change(3, text="Lại", gone=None, amended_at=at)


# --- whatever is pressed, whenever -----------------------------------------------------------------------------------

TYPISTS = (SECRETARY, CHAIR, DIVISION_HEAD, CLERK)
deeds = st.lists(st.tuples(
    st.sampled_from(["type", "type", "correct", "withdraw", "erase", "suspend", "resume", "close"]), st.sampled_from(TYPISTS),
    st.integers(1, 6), st.integers(-100, 200)), max_size=14)


@given(story=deeds)
def test_whatever_is_pressed_lines_stay_in_order_bounded_and_corrected_only_in_time(
    template: Database, story: list[tuple[str, Subject, int, int]]  # noqa: F811
) -> None:
    """The model: (author, text, instant) of each line; a deed that the rules do not allow changes nothing."""
    now, model, on = ZERO, list[list[Any]](), True
    with template.write() as conn:
        meeting_id = opened(conn, now)
        for what, who, ord, step in story:
            now += step * SECOND
            may = on and who is not CLERK
            mine = may and ord <= len(model) and model[ord - 1][1] is not None and now <= model[ord - 1][2] + CORRECTABLE and (
                who is not DIVISION_HEAD or model[ord - 1][0] is who) and all(one[0] is not model[ord - 1][0] for one in model[ord:])
            try:
                if what == "type":
                    captioning.type_line(conn, meeting_id, f"dòng {len(model)}", by=who, at=now)
                    assert may
                    model.append([who, f"dòng {len(model)}", now])
                elif what in ("correct", "withdraw"):
                    text = "sửa" if what == "correct" else None
                    captioning.correct(conn, meeting_id, ord, "sửa", by=who, at=now) if text else captioning.withdraw(conn, meeting_id, ord, by=who, at=now)
                    assert mine
                    model[ord - 1][1] = text
                elif what == "erase":
                    captioning.erase(conn, meeting_id, "r", by=who, at=now)
                    assert who is SECRETARY
                    model = [[one[0], None, one[2]] for one in model]
                else:
                    getattr(service, what)(conn, meeting_id, by=who, at=now)
                    on = what != "close" and on
            except MeetingError:
                assert not (what == "type" and may) and not (what in ("correct", "withdraw") and mine)
            kept = [(n, one[1]) for n, one in enumerate(model, 1) if one[1] is not None]
            assert [(one.ord, one.text) for one in captioning.read(conn, meeting_id)] == kept
        made = cues(caption_store.every(conn, meeting_id), ZERO)
        assert all(one.start < one.end for one in made) and all(a.end <= b.start for a, b in zip(made, made[1:], strict=False))


# --- WebVTT -----------------------------------------------------------------------------------------------------------


def spoken(ord: int, seconds: float, text: str | None, point: str | None = None) -> Line:
    at = ZERO + timedelta(seconds=seconds)
    return Line(ord, "u", "An", None, point, text, at, at + CORRECTABLE)


def test_the_file_has_each_line_at_its_time_with_the_point_as_voice_and_nothing_that_a_player_could_take_for_markup() -> None:
    made = webvtt(cues([spoken(1, 10, "Xin chào", "Điểm cầu <tỉnh>"), spoken(2, 11, "A & B --> C"), spoken(3, 3700.5, None), spoken(4, 3701, "Hết")], ZERO))
    assert made == (
        "WEBVTT\n\n1\n00:00:07.000 --> 00:00:10.000\n<v Điểm cầu &lt;tỉnh&gt;>Xin chào\n\n"
        "2\n00:00:10.000 --> 00:00:15.000\nA &amp; B --&gt; C\n\n3\n01:01:38.000 --> 01:01:43.000\nHết\n")
    assert webvtt([]) == "WEBVTT\n"


def test_of_a_recording_only_the_lines_of_its_time() -> None:
    lines = [spoken(n, 10.0 * n, str(n)) for n in range(1, 6)]
    found = cues(lines, ZERO + timedelta(seconds=20), ZERO + timedelta(seconds=40))
    assert [(one.text, one.start) for one in found] == [("2", timedelta(0)), ("3", timedelta(seconds=7)), ("4", timedelta(seconds=17))]


@given(st.lists(st.tuples(st.floats(-50, 500), st.text(max_size=LIMIT) | st.none()), max_size=20))
def test_cues_never_overlap_and_always_last_whatever_the_clock_did(said: list[tuple[float, str | None]]) -> None:
    found = cues([spoken(n, *one) for n, one in enumerate(said, 1)], ZERO)
    assert [one.text for one in found] == [text for seconds, text in said if text is not None and ZERO + timedelta(seconds=seconds) >= ZERO]
    assert all(timedelta(0) <= one.start < one.end for one in found)
    assert all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))
    assert len(re.findall(r"-->", webvtt(found))) == len(found)
