"""Who gets the record: only those entitled, each with a receipt; a delegate's link opens, expires and can be revoked."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from meetings.access import ANONYMOUS, Subject
from meetings.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from meetings.store import ledger_store
from minutes import release
from minutes.release import What
from tests.support.factories import ADMIN, CHAIR, CLERK, OFFICER, SECRETARY, STRANGER
from tests.support.record import Record

KEY = b"k" * 32
PRESENT, ABSENT = "Hoàng Văn Sơn", "Lò Thị Mai"


def deliver(record: Record, what: str, by: Subject, known: str = "") -> release.Delivery:
    return release.deliver(record.db, record.blobs, record.meeting_id, what, by, record.tick(), known)


def receipts(record: Record) -> list[dict[str, str]]:
    with record.db.read() as conn:
        return [e.data for e in ledger_store.events(conn, record.meeting_id) if e.kind == "packet.released"]


def grant(record: Record, name: str = PRESENT, by: Subject = CLERK, days: int = 7) -> str:
    with record.db.write() as conn:
        at = record.tick()
        return release.grant(conn, KEY, record.delegates[name], by, at, at + timedelta(days=days))


def come(record: Record, token: str, key: bytes = KEY) -> Subject:
    with record.db.read() as conn:
        ref = release.open_link(conn, key, token, record.at)
    return Subject(name=ref.name, delegate=ref)


@pytest.mark.parametrize("what", list(What))
@pytest.mark.parametrize("who", [ANONYMOUS, STRANGER, ADMIN, OFFICER])
def test_a_draft_is_for_those_who_work_on_it(small_record: Record, what: What, who: Subject) -> None:
    small_record.run("seal")
    with pytest.raises((NotFound, NotAllowed)):
        deliver(small_record, what, who)
    assert receipts(small_record) == []


@pytest.mark.parametrize("who", [ANONYMOUS, STRANGER, ADMIN])
def test_the_issued_record_stays_closed_to_strangers_who_learn_nothing(small_record: Record, who: Subject) -> None:
    small_record.run("packet")
    for what in What:
        with pytest.raises(NotFound, match="not_found"):
            deliver(small_record, what, who)
    assert receipts(small_record) == []


def test_who_took_part_gets_the_signed_files_but_not_the_editable_text(small_record: Record) -> None:
    record = small_record.run("packet")
    pdf, packed = deliver(record, "pdf", OFFICER), deliver(record, "packet", OFFICER)
    status = record.status()
    assert (pdf.sha256, packed.sha256) == (status.pdf_sha256, status.packet.sha256)
    assert (pdf.name, packed.name) == ("bien-ban-01-BB-UBND-2026.pdf", "bien-ban-01-BB-UBND-2026.asice")
    with pytest.raises((NotFound, NotAllowed)):
        deliver(record, "docx", OFFICER)
    assert deliver(record, "docx", SECRETARY).sha256 == status.docx_sha256


def test_each_release_leaves_exactly_one_receipt(record: Record) -> None:
    record.run("packet")
    file = deliver(record, "packet", CHAIR)
    assert receipts(record) == [{"to": CHAIR.name, "via": "account", "sha256": file.sha256}]


def spoil(record: Record, sha256: str) -> None:
    """One bit of the file turns over; its size stays."""
    path = record.blobs.path(sha256)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(2000)
        (byte,) = file.read(1)
        file.seek(2000)
        file.write(bytes([byte ^ 1]))


def damage(record: Record) -> list[tuple[str, str]]:
    with record.db.read() as conn:
        return [(e.data["what"], e.data["sha256"]) for e in ledger_store.events(conn, None) if e.kind == "file.damaged"]


@pytest.mark.parametrize("what", list(What))
def test_a_file_that_changed_on_the_disk_is_not_delivered_as_the_record(small_record: Record, what: What) -> None:
    record = small_record.run("packet")
    sha256 = deliver(record, what, CHAIR).sha256
    spoil(record, sha256)
    with pytest.raises(Conflict, match=r"minutes\.damaged"):
        deliver(record, what, CHAIR)
    assert len(receipts(record)) == 1, "no receipt for what was not the record"
    assert damage(record) == [(what.value, sha256)]


def test_a_file_that_is_gone_is_said_to_be_damaged(small_record: Record) -> None:
    record = small_record.run("packet")
    path = record.blobs.path(record.status().packet.sha256)
    path.unlink()
    with pytest.raises(Conflict, match=r"minutes\.damaged"):
        deliver(record, "packet", CHAIR)
    assert receipts(record) == [] and len(damage(record)) == 1


def test_who_has_the_file_already_gets_no_second_receipt(small_record: Record) -> None:
    small_record.run("packet")
    file = deliver(small_record, "pdf", CHAIR)
    again = deliver(small_record, "pdf", CHAIR, known=f'W/"x", "{file.sha256}"')
    assert again.known and not file.known and len(receipts(small_record)) == 1


def test_there_is_nothing_to_download_before_there_is_a_packet(small_record: Record) -> None:
    small_record.run("issue")
    with pytest.raises(Conflict, match=r"packet\.missing"):
        deliver(small_record, "packet", CHAIR)


def test_a_delegates_link_opens_the_record_with_a_receipt_in_their_name(small_record: Record) -> None:
    record = small_record.run("packet")
    visitor = come(record, grant(record))
    assert visitor.name == PRESENT
    file = deliver(record, "packet", visitor)
    assert receipts(record) == [
        {"to": PRESENT, "via": "link", "sha256": file.sha256, "delegate": record.delegates[PRESENT]}]
    with pytest.raises((NotFound, NotAllowed)):
        deliver(record, "docx", visitor)


def test_a_delegate_opens_no_other_meeting(small_record: Record) -> None:
    record = small_record.run("packet")
    visitor = come(record, grant(record))
    record.meeting_id = record.minutes_id = ""
    record.concluded()
    record.run("packet")
    with pytest.raises(NotFound):
        deliver(record, "pdf", visitor)


def test_a_link_ends_when_it_expires(small_record: Record) -> None:
    token = grant(small_record.run("packet"), days=1)
    small_record.tick(24 * 60 - 1)
    come(small_record, token)
    small_record.tick(1)
    with pytest.raises(Closed, match=r"link\.expired"):
        come(small_record, token)


def test_a_link_ends_when_it_is_revoked_and_when_a_new_one_is_given(record: Record) -> None:
    first = grant(record.run("packet"))
    second = grant(record)
    with pytest.raises(NotFound, match=r"link\.revoked"):
        come(record, first)
    come(record, second)
    with record.db.write() as conn:
        release.revoke(conn, record.delegates[PRESENT], CLERK, record.tick())
    with pytest.raises(NotFound, match=r"link\.revoked"):
        come(record, second)
    with pytest.raises(NotFound, match=r"link\.unknown"), record.db.write() as conn:
        release.revoke(conn, record.delegates[PRESENT], CLERK, record.tick())
    with record.db.read() as conn:
        told = [e.kind for e in ledger_store.events(conn, record.meeting_id) if e.kind.startswith("release.")]
    assert told == ["release.granted", "release.granted", "release.revoked"]


def test_a_link_is_only_for_a_delegate_who_was_present(small_record: Record) -> None:
    small_record.run("packet")
    with pytest.raises(Conflict, match=r"release\.absent"):
        grant(small_record, ABSENT)


def test_a_link_is_only_for_an_issued_record(small_record: Record) -> None:
    small_record.run("seal")
    with pytest.raises(Conflict, match=r"release\.not_issued"):
        grant(small_record)


@pytest.mark.parametrize("days", [0, -1, 91])
def test_a_link_has_a_bearable_term(small_record: Record, days: int) -> None:
    small_record.run("issue")
    with pytest.raises(Invalid, match=r"release\.expires"):
        grant(small_record, days=days)


@pytest.mark.parametrize("who", [OFFICER, STRANGER, ADMIN, ANONYMOUS])
def test_only_clerk_and_secretary_give_links(small_record: Record, who: Subject) -> None:
    small_record.run("issue")
    with pytest.raises((NotAllowed, NotFound)):
        grant(small_record, by=who)


def test_a_changed_or_foreign_token_opens_nothing(small_record: Record) -> None:
    token = grant(small_record.run("issue"))
    raw = bytearray(base64.urlsafe_b64decode(token))
    changed = []
    for place in range(len(raw)):
        raw[place] ^= 1
        changed.append(base64.urlsafe_b64encode(raw).decode())
        raw[place] ^= 1
    for text in (*changed, "", "x", token[:-1], token + "A", token + "=", token.lower(), "Đ" * 48, token[:-4] + "===="):
        with pytest.raises(NotFound, match=r"link\.unknown"):
            come(small_record, text)
    with pytest.raises(NotFound, match=r"link\.unknown"):
        come(small_record, token, key=b"x" * 32)


def test_a_link_does_not_outlive_the_delegates_presence(small_record: Record) -> None:
    """The list of those present is corrected afterwards: the link of somebody who was not there ends with it."""
    record = small_record.run("issue")
    token = grant(record)
    from sqlalchemy import update

    from meetings.store.tables import delegate

    with record.db.write() as conn:
        conn.execute(update(delegate).where(delegate.c.delegate_id == record.delegates[PRESENT]).values(
            present=False, state="absent", came_at=None))
    with pytest.raises(NotFound, match=r"link\.revoked"):
        come(record, token)


def test_the_same_link_can_be_shown_again_without_being_stored(small_record: Record) -> None:
    from minutes import store

    record = small_record.run("issue")
    token = grant(record)
    with record.db.read() as conn:
        (link,) = store.live_links(conn, record.minutes_id)
    assert release.token(KEY, link.link_id) == token
