"""What calendars are told is what they can read back; what strangers answer is read within bounds or refused by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from meetings.errors import Invalid
from scheduler import calendar_mail
from scheduler.calendar_mail import CANCEL, MOST_ANSWER, REQUEST, Entry, Party

MEETING = "01900000-0000-7000-8000-000000000001"
START = datetime(2026, 3, 5, 1, tzinfo=UTC)
OFFICE = Party("vanphong@qn.gov.vn", "UBND tỉnh Quảng Ninh")
GUEST = Party("son@qn.gov.vn", 'Hoàng Văn Sơn, "xã"; Đồn: Đạc')


def entry(title: str = "Giao ban tuần", sequence: int = 0, **more: object) -> Entry:
    fields = {"place": "Hội trường", "stamped": START - timedelta(days=3), **more}
    return Entry(MEETING, title, START, START + timedelta(hours=2), sequence=sequence, **fields)  # type: ignore[arg-type]


def event(text: bytes) -> tuple[Calendar, object]:
    calendar = Calendar.from_ical(text)
    [found] = calendar.walk("VEVENT")
    return calendar, found


def test_a_request_asks_one_person_and_names_no_other() -> None:
    calendar, found = event(calendar_mail.itip([entry(sequence=3)], REQUEST, OFFICE, GUEST))
    assert calendar["METHOD"] == "REQUEST" and calendar["VERSION"] == "2.0"
    assert found["UID"] == f"{MEETING}@diemcau" and found["SEQUENCE"] == 3 and found["STATUS"] == "CONFIRMED"
    assert found["DTSTART"].to_ical() == b"20260305T010000Z" and found["DTEND"].to_ical() == b"20260305T030000Z"
    assert found["ORGANIZER"] == "mailto:vanphong@qn.gov.vn"
    assert found["ATTENDEE"] == "mailto:son@qn.gov.vn"
    assert {**found["ATTENDEE"].params} == {
        "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE", "CN": "Hoàng Văn Sơn, xã; Đồn: Đạc"}


def test_a_cancellation_is_of_the_same_entry() -> None:
    calendar, found = event(calendar_mail.itip([entry(sequence=4, cancelled=True)], CANCEL, OFFICE, GUEST))
    assert calendar["METHOD"] == "CANCEL" and found["STATUS"] == "CANCELLED" and found["UID"] == calendar_mail.uid(MEETING)
    assert found["SEQUENCE"] == 4


@given(st.text(max_size=300), st.text(max_size=80))
def test_no_title_and_no_name_breaks_out_of_its_line(title: str, name: str) -> None:
    text = calendar_mail.itip([entry(title)], REQUEST, OFFICE, Party("a@b.vn", name))
    calendar, found = event(text)
    assert len(list(calendar.walk())) == 2 and found["ATTENDEE"] == "mailto:a@b.vn" and found["SEQUENCE"] == 0
    assert all(len(line) <= 75 for line in text.split(b"\r\n"))


def test_a_feed_of_the_same_entries_is_the_same_bytes() -> None:
    assert calendar_mail.feed("Lịch", [entry(), entry("Khác")]) == calendar_mail.feed("Lịch", [entry(), entry("Khác")])
    assert len(Calendar.from_ical(calendar_mail.feed("Lịch", [])).walk("VEVENT")) == 0


def reply(method: str = "REPLY", uid: str = f"{MEETING}@diemcau", attendee: str = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:Son@qn.gov.vn",
          sequence: str = "SEQUENCE:2", stamp: str = "DTSTAMP:20260301T020000Z", more: str = "") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", "BEGIN:VEVENT", f"UID:{uid}", sequence, stamp, attendee, more,
             "END:VEVENT", "END:VCALENDAR", ""]
    return "\r\n".join(line for line in lines if line or line == "").replace("\r\n\r\n", "\r\n").encode()


def test_an_answer_is_read() -> None:
    [found] = calendar_mail.answers(reply(more="COMMENT:Bận họp\\, cử cấp phó"))
    assert found == calendar_mail.Answer(
        MEETING, "Son@qn.gov.vn", "accepted", 2, datetime(2026, 3, 1, 2, tzinfo=UTC), "Bận họp, cử cấp phó")


def test_our_own_request_comes_back_as_clients_send_it() -> None:
    text = calendar_mail.itip([entry(sequence=1)], REQUEST, OFFICE, GUEST).replace(b"METHOD:REQUEST", b"METHOD:REPLY")
    assert calendar_mail.answers(text.replace(b"NEEDS-ACTION", b"DECLINED"))[0].partstat == "declined"


@pytest.mark.parametrize(("text", "code"), [
    (b"", "reply.unreadable"), (b"hello", "reply.unreadable"), (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "reply.not_answer"),
    (b"x" * (MOST_ANSWER + 1), "reply.too_large"), (reply(method="REQUEST"), "reply.not_answer"),
    (reply(uid="somebody@else"), "reply.not_ours"), (reply(attendee=""), "reply.attendee"),
    (reply(attendee="ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.vn\r\nATTENDEE;PARTSTAT=DECLINED:mailto:c@d.vn"), "reply.attendee"),
    (reply(attendee="ATTENDEE:mailto:a@b.vn"), "reply.partstat"), (reply(attendee="ATTENDEE;PARTSTAT=MAYBE:mailto:a@b.vn"), "reply.partstat"),
    (reply(sequence="SEQUENCE:-1"), "reply.unreadable"), (reply(sequence="SEQUENCE:many"), "reply.unreadable"),
    (reply(stamp=""), "reply.unreadable"), (reply(stamp="DTSTAMP;VALUE=DATE:20260301"), "reply.unreadable"),
    (reply(more="END:VEVENT\r\nBEGIN:VEVENT\r\nUID:b\r\nDTSTAMP:20260301T020000Z"), "reply.many"),
])
def test_what_is_no_answer_is_refused_by_name(text: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        calendar_mail.answers(text)
    assert refused.value.code == code


@given(st.binary(max_size=400) | st.tuples(st.integers(0, 300), st.binary(min_size=1, max_size=6)).map(
    lambda cut: reply()[:cut[0]] + cut[1] + reply()[cut[0]:]))
def test_nothing_that_can_be_written_does_more_than_be_refused(text: bytes) -> None:
    try:
        [found] = calendar_mail.answers(text)
    except Invalid:
        return
    assert found.event_id == MEETING and found.comment.isprintable()
