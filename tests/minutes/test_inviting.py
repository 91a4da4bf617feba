"""The invitation: one number with the convening, the plan as it stands until the opening, the same file in the packet."""

from __future__ import annotations

import zipfile

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from meetings import service as meetings
from meetings.errors import Conflict, Invalid, NotAllowed, NotFound
from meetings.store import ledger_store
from minutes import register, service
from minutes.pdf import render_pdf
from minutes.tables import register as register_table
from scheduler import service as booking
from tests.support import factories
from tests.support.factories import CHAIR, OFFICER, SECRETARY, STRANGER
from tests.support.record import Record


def convened(record: Record, **changes: object) -> str:
    with record.db.write() as conn:
        meeting_id = factories.convened(conn, record.at, **changes)
        service.number_invitation(conn, meeting_id, SECRETARY, record.at)
    return meeting_id


def invitation(record: Record, meeting_id: str):
    with record.db.read() as conn:
        return service.invitation(conn, meeting_id)


def test_it_has_a_number_of_its_own_series_and_no_word_of_signatures(record: Record) -> None:
    first, second = convened(record), convened(record)
    model = invitation(record, second)
    assert (model.header.number, model.header.symbol, model.test) == (2, "GM-UBND", False)
    with record.db.read() as conn:
        entries = register.entries(conn, "t", 2026, "GM")
        told = [event.data for event in ledger_store.events(conn, first) if event.kind == "invitation.numbered"]
    assert [(e.number.number, e.state, e.meeting_id) for e in entries] == [(1, "issued", first), (2, "issued", second)]
    assert entries[0].summary == "Giấy mời Dự hội nghị giao ban tháng 3" and entries[0].signer == CHAIR.name
    assert told == [{"number": 1, "symbol": "GM-UBND", "year": 2026}]


def test_convening_again_takes_no_second_number_and_the_database_would_refuse_one(record: Record) -> None:
    meeting_id = convened(record)
    with record.db.write() as conn:
        again = service.number_invitation(conn, meeting_id, SECRETARY, record.tick())
    assert again.number == 1
    with pytest.raises(IntegrityError), record.db.write() as conn:
        conn.execute(insert(register_table).values(
            issuer_unit="t", year=2026, series="GM", number=2, symbol="GM-UBND", summary="", meeting_id=meeting_id,
            state="reserved", reserved_at=record.at))


def test_before_the_convening_there_is_none(record: Record) -> None:
    with record.db.write() as conn:
        draft = factories.draft(conn, record.at)
    assert invitation(record, draft) is None
    with pytest.raises(Conflict, match=r"invitation\.not_convened"), record.db.write() as conn:
        service.number_invitation(conn, draft, SECRETARY, record.at)


@pytest.mark.parametrize("who", [OFFICER, STRANGER])
def test_who_books_the_meeting_numbers_its_invitation(record: Record, who) -> None:
    with record.db.write() as conn:
        meeting_id = factories.convened(conn, record.at)
    with pytest.raises((NotAllowed, NotFound)), record.db.write() as conn:
        service.number_invitation(conn, meeting_id, who, record.at)


def test_it_tells_changes_until_the_opening_and_none_after(small_record: Record) -> None:
    record = small_record
    meeting_id = convened(record)
    before = invitation(record, meeting_id)
    with record.db.write() as conn:
        meetings.change(conn, meeting_id, by=SECRETARY, at=record.tick(), place="Hội trường B")
    changed = invitation(record, meeting_id)
    assert "Hội trường B" in changed.to_json().decode() and "Hội trường B" not in before.to_json().decode()
    assert changed.header == before.header, "same number, same day of issue"
    with record.db.write() as conn:
        meetings.open(conn, meeting_id, by=CHAIR, at=record.tick())
        meetings.conclusion_write(conn, meeting_id, "Xong.", by=CHAIR, at=record.tick())
    assert invitation(record, meeting_id) == changed


def test_a_meeting_that_moved_invites_to_its_new_day(small_record: Record) -> None:
    from datetime import timedelta

    record = small_record
    with record.db.write() as conn:
        meeting_id = factories.draft(conn, record.at)
        start = record.at + timedelta(days=9)
        booking.move(conn, meeting_id, start, start + timedelta(hours=1), SECRETARY, record.tick())
        meetings.seats_set(conn, meeting_id, factories.POINTS, by=SECRETARY, at=record.at)
        meetings.convene(conn, meeting_id, by=SECRETARY, at=record.tick())
    assert "ngày 14 tháng 3 năm 2026" in invitation(record, meeting_id).to_json().decode()


def test_the_packet_holds_the_same_file(small_record: Record) -> None:
    record = small_record.run("packet")
    with zipfile.ZipFile(record.blobs.path(record.status().packet.sha256)) as packed:
        assert packed.read("giay-moi.pdf") == render_pdf(invitation(record, record.meeting_id)).data


def test_an_invitation_that_cannot_be_made_keeps_no_record_from_being_packed(small_record: Record) -> None:
    from dataclasses import replace

    record = small_record
    record.concluded(unit=replace(factories.PROVINCE, name="Xã " + "Ba Chẽ " * 14))
    with pytest.raises(Invalid):
        invitation(record, record.meeting_id)
    record.run("packet")
    with zipfile.ZipFile(record.blobs.path(record.status().packet.sha256)) as packed:
        assert "bien-ban.pdf" in packed.namelist() and "giay-moi.pdf" not in packed.namelist()
