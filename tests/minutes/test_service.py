"""The use cases in their order: who may do what when, what it leaves in the ledger, and that a refusal leaves nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError

from meetings.access import Role, Subject
from meetings.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from meetings.ledger import verify_chain
from meetings.store import ledger_store, meeting_store
from minutes import register, service, verify
from minutes.editing import sections
from minutes.versions import broken_at
from tests.support import factories
from tests.support.factories import CHAIR, CLERK, DIVISION_HEAD, OFFICER, SECRETARY, STRANGER
from tests.support.record import SIGNING, STEPS, Record


def kinds(record: Record) -> list[str]:
    with record.db.read() as conn:
        return [event.kind for event in ledger_store.events(conn, record.meeting_id)]


def test_the_whole_way_leaves_a_valid_record_and_a_whole_ledger(record: Record) -> None:
    before = len(kinds(record.run("draft"))) - 1
    record.run("packet")
    assert kinds(record)[before:] == [
        "minutes.drafted", "minutes.numbered", "minutes.signed", "minutes.signed", "minutes.signed", "minutes.sealed",
        "minutes.issued", "packet.built"]
    with record.db.read() as conn:
        assert verify_chain(ledger_store.events(conn, record.meeting_id)) is None
        (entry,) = register.entries(conn, "t", 2026)
    assert (entry.state, entry.number.number, entry.meeting_id) == ("issued", 1, record.meeting_id)
    status = record.status()
    assert status.issued and status.awaited is None and status.next_role is None
    assert verify.verify_pdf(record.pdf(), record.signers.trust, record.at).valid


def test_the_number_stands_in_the_text_before_the_first_signature(small_record: Record) -> None:
    import subprocess

    small_record.run("number")
    text = subprocess.run(["pdftotext", "-", "-"], input=small_record.pdf(), capture_output=True, check=True).stdout
    assert "Số: 01/BB-UBND" in text.decode()
    assert small_record.status().round.round.signatures == ()


def test_what_is_signed_sealed_and_delivered_are_the_same_bytes(small_record: Record) -> None:
    """I18: each signature covers the bytes of the version that was numbered."""
    start = small_record.run("number").pdf()
    for step in ("initials", "secretary", "chair", "seal"):
        small_record.step(step)
        assert small_record.pdf().startswith(start)
        start = small_record.pdf()
    small_record.step("issue")
    assert small_record.pdf() == start


@pytest.mark.parametrize("done", range(1, 7))
@pytest.mark.parametrize("tried", STEPS[1:7])
def test_only_the_next_step_of_the_order_is_taken(small_record: Record, done: int, tried: str) -> None:
    """`done` steps have been taken; every other step is refused and changes nothing."""
    small_record.run(STEPS[done - 1])
    if tried == STEPS[done]:
        small_record.step(tried)
        return
    before = (kinds(small_record), small_record.status())
    with pytest.raises(Conflict) as caught:
        small_record.step(tried)
    assert caught.value.code in ("minutes.order", "minutes.in_round")
    assert (kinds(small_record), small_record.status()) == before


@pytest.mark.parametrize("role", list(SIGNING))
def test_nobody_signs_for_another(small_record: Record, role: str) -> None:
    small_record.run(STEPS[STEPS.index(role) - 1])
    state = small_record.status().state
    for person in (DIVISION_HEAD, SECRETARY, CHAIR, CLERK, OFFICER, STRANGER):
        if person is SIGNING[role]:
            continue
        with pytest.raises((NotAllowed, NotFound)):
            service.sign(small_record.db, small_record.blobs, small_record.signers, small_record.minutes_id, role,
                         person, small_record.tick(), shown=small_record.shown)
    assert small_record.status().state == state


@pytest.mark.parametrize("step", ["number", "seal", "issue", "packet"])
def test_only_a_clerk_of_the_unit_numbers_seals_issues_and_packs(small_record: Record, step: str) -> None:
    record = small_record.run(STEPS[STEPS.index(step) - 1])
    shown, place = record.shown, (record.db, record.blobs)
    acts = {
        "number": lambda who: service.number(*place, record.minutes_id, who, record.tick(), shown=shown),
        "seal": lambda who: service.seal(*place, record.signers, record.minutes_id, who, record.tick(), shown=shown),
        "issue": lambda who: service.issue(*place, record.signers, record.minutes_id, who, record.tick()),
        "packet": lambda who: service.build_packet(*place, record.signers, record.minutes_id, who, record.tick()),
    }
    for person in (DIVISION_HEAD, SECRETARY, CHAIR, OFFICER, STRANGER, Subject()):
        with pytest.raises((NotAllowed, NotFound)):
            acts[step](person)


def decline(record: Record, role: str, reason: str = "Sai tên đại biểu") -> None:
    service.refuse(record.db, record.blobs, record.minutes_id, role, reason, SIGNING.get(role, CLERK), record.tick())


@pytest.mark.parametrize("role, step", [("initials", "number"), ("secretary", "initials"), ("chair", "secretary"),
                                        ("agency", "chair")])
def test_whoever_holds_the_minutes_may_send_them_back_until_the_seal(
    small_record: Record, role: str, step: str
) -> None:
    record = small_record.run(step)
    decline(record, role)
    status = record.status()
    assert status.state == "draft" and status.versions[-1].cause.value == "refused"
    assert kinds(record)[-2:] == ["minutes.refused", "number.voided"]
    with record.db.read() as conn:
        assert service.model_of(conn, record.minutes_id, len(status.versions)).header.number is None


def test_a_refused_round_voids_its_number_and_the_next_takes_the_next(record: Record) -> None:
    record.run("number")
    decline(record, "initials")
    for again in ("number", "initials", "secretary", "chair", "seal", "issue"):
        record.step(again)
    with record.db.read() as conn:
        entries = register.entries(conn, "t", 2026)
    assert [(e.number.number, e.state, e.reason) for e in entries] == [
        (1, "voided", "Sai tên đại biểu"), (2, "issued", None)]
    assert broken_at(record.status().versions) is None
    assert verify.verify_pdf(record.pdf(), record.signers.trust, record.at).valid


def test_only_whoever_holds_the_minutes_may_decline_and_only_with_a_reason(small_record: Record) -> None:
    record = small_record.run("initials")
    for role, who, error in (("secretary", CHAIR, NotAllowed), ("chair", CHAIR, Conflict),
                             ("initials", DIVISION_HEAD, Conflict), ("secretary", STRANGER, NotFound)):
        with pytest.raises(error):
            service.refuse(record.db, record.blobs, record.minutes_id, role, "x", who, record.tick())
    with pytest.raises(Invalid, match=r"minutes\.reason_missing"):
        service.refuse(record.db, record.blobs, record.minutes_id, "secretary", " ", SECRETARY, record.tick())
    assert record.status().state == "initialled"


@pytest.mark.parametrize("step", ["number", "initials", "secretary", "chair"])
def test_a_clerk_takes_the_minutes_back_from_an_absent_signer_until_the_seal(small_record: Record, step: str) -> None:
    record = small_record.run(step)
    service.withdraw(record.db, record.blobs, record.minutes_id, "Người ký đi vắng", CLERK, record.tick())
    assert record.status().state == "draft" and kinds(record)[-2:] == ["minutes.withdrawn", "number.voided"]
    with record.db.read() as conn:
        (entry,) = register.entries(conn, "t", 2026)
    assert (entry.state, entry.reason) == ("voided", "Người ký đi vắng")


@pytest.mark.parametrize("step", ["draft", "seal", "issue"])
def test_there_is_nothing_to_take_back_before_a_number_and_after_the_seal(small_record: Record, step: str) -> None:
    record = small_record.run(step)
    before = record.status()
    with pytest.raises(Conflict, match=r"minutes\.order"):
        service.withdraw(record.db, record.blobs, record.minutes_id, "x", CLERK, record.tick())
    assert record.status() == before


def test_only_a_clerk_takes_back_and_only_with_a_reason(small_record: Record) -> None:
    record = small_record.run("number")
    for who in (DIVISION_HEAD, SECRETARY, CHAIR, OFFICER, STRANGER):
        with pytest.raises((NotAllowed, NotFound)):
            service.withdraw(record.db, record.blobs, record.minutes_id, "x", who, record.tick())
    with pytest.raises(Invalid, match=r"minutes\.reason_missing"):
        service.withdraw(record.db, record.blobs, record.minutes_id, " ", CLERK, record.tick())
    assert record.status().state == "numbered"


DEPUTY = factories.user("u-deputy", "t", Role.DIVISION_HEAD, name="Vũ Thị Phó", title="Phó Trưởng phòng")


def reassign(record: Record, post: str, who: Subject, by: Subject = CLERK) -> None:
    with record.db.write() as conn:
        service.reassign(conn, record.minutes_id, post, factories.person(who), by, record.tick())


def test_another_division_head_initials_once_the_post_was_passed_on(record: Record) -> None:
    record.run("draft")
    reassign(record, "division_head", DEPUTY)
    record.step("number")
    with pytest.raises((NotAllowed, NotFound)):
        record.step("initials")
    service.sign(record.db, record.blobs, record.signers, record.minutes_id, "initials", DEPUTY, record.tick(),
                 shown=record.shown)
    with record.db.read() as conn:
        told = [e.data for e in ledger_store.events(conn, record.meeting_id) if e.kind == "post.reassigned"]
    assert [(e["post"], e["from"]["name"], e["to"]["name"]) for e in told] == [
        ("division_head", DIVISION_HEAD.name, DEPUTY.name)]
    for step in ("secretary", "chair", "seal", "issue", "packet"):
        record.step(step)
    assert verify.verify_pdf(record.pdf(), record.signers.trust, record.at).valid


def test_posts_named_in_the_text_or_of_a_running_round_are_not_passed_on(record: Record) -> None:
    record.run("draft")
    for post in ("chair", "secretary", "x"):
        with pytest.raises(Invalid, match=r"minutes\.post_fixed"):
            reassign(record, post, DEPUTY)
    with pytest.raises(Invalid, match=r"meeting\.same_person"):
        reassign(record, "division_head", CHAIR)
    with pytest.raises((NotAllowed, NotFound)):
        reassign(record, "division_head", DEPUTY, by=STRANGER)
    record.step("number")
    with pytest.raises(Conflict, match=r"minutes\.in_round"):
        reassign(record, "division_head", DEPUTY)


@pytest.mark.parametrize("values, until", [
    ({"title": "Khác"}, "draft"), ({"chair_id": "x"}, "draft"), ({"secretary_id": "x"}, "draft"),
    ({"place": "Khác"}, "draft"), ({"division_head_id": "x"}, "number"), ({"clerk_id": "x"}, "number")])
def test_the_database_lets_nothing_else_of_a_concluded_meeting_change(
    record: Record, values: dict[str, str], until: str
) -> None:
    record.run(until)
    with pytest.raises(IntegrityError, match="meeting_final"), record.db.write() as conn:
        meeting_store.save(conn, record.meeting_id, **values)


def edit(record: Record, base: str, text: str, by: Subject = SECRETARY) -> None:
    service.edit(record.db, record.blobs, record.minutes_id, {"place": text}, base, by, record.tick())


def test_editing_makes_the_next_version_and_keeps_the_old_one(small_record: Record) -> None:
    record = small_record.run("draft")
    first = record.status().versions[-1]
    edit(record, first.sha256, "Hội trường tầng 2")
    versions = record.status().versions
    assert [v.version for v in versions] == [1, 2] and versions[1].parent_sha256 == first.sha256
    assert versions[1].by == {"user": SECRETARY.user_id, "name": SECRETARY.name}
    with record.db.read() as conn:
        old, new = (service.model_of(conn, record.minutes_id, n) for n in (1, 2))
    changed = {s.block_id: s for s in sections(new)}["place"]
    assert changed.changed and changed.original == {s.block_id: s.text for s in sections(old)}["place"]
    assert record.blobs.exists(first.pdf_sha256) and record.blobs.exists(first.docx_sha256)


def test_an_edit_that_changes_nothing_makes_no_version(small_record: Record) -> None:
    small_record.run("draft")
    with small_record.db.read() as conn:
        text = {s.block_id: s.text for s in sections(service.model_of(conn, small_record.minutes_id, 1))}["place"]
    edit(small_record, small_record.status().versions[-1].sha256, text)
    assert len(small_record.status().versions) == 1


def test_an_edit_over_somebody_elses_edit_is_refused(small_record: Record) -> None:
    base = small_record.run("draft").status().versions[-1].sha256
    edit(small_record, base, "A")
    with pytest.raises(Stale, match=r"minutes\.stale"):
        edit(small_record, base, "B")


def test_numbered_minutes_are_not_edited(small_record: Record) -> None:
    small_record.run("number")
    with pytest.raises(Conflict, match=r"minutes\.in_round"):
        edit(small_record, small_record.status().versions[-1].sha256, "A")


def test_sign_and_edit_at_once_never_both_happen(record: Record) -> None:
    """T6c: whoever wins, what is signed is what stands."""
    latest = record.run("draft").status().versions[-1]
    base, shown = latest.sha256, latest.pdf_sha256
    start = threading.Barrier(2)

    def number() -> bool:
        start.wait()
        try:
            service.number(record.db, record.blobs, record.minutes_id, CLERK, record.at, shown=shown)
        except Stale:
            return False
        return True

    def change() -> bool:
        start.wait()
        try:
            edit(record, base, "Nơi khác")
        except (Conflict, Stale):
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        numbered, edited = pool.submit(number), pool.submit(change)
        assert numbered.result() != edited.result(), "a number over a text that its clerk did not see, or none at all"
    status = record.status()
    assert len(status.versions) == 2
    assert (status.round is not None) == numbered.result()
    if status.round:
        assert status.round.round.pdf == status.versions[-1].pdf_sha256


def test_there_are_no_minutes_of_a_meeting_that_has_not_ended_and_no_second_ones(small_record: Record) -> None:
    record = small_record
    with record.db.write() as conn:
        open_meeting = factories.opened(conn, record.at)
    with pytest.raises(Conflict, match=r"minutes\.meeting_open"):
        service.draft(record.db, record.blobs, open_meeting, SECRETARY, record.at)
    record.run("draft")
    with pytest.raises(Conflict, match=r"minutes\.exists"):
        service.draft(record.db, record.blobs, record.meeting_id, SECRETARY, record.at)
    with record.db.read() as conn:
        assert service.status(conn, open_meeting) is None


@pytest.mark.parametrize("step, until", [("number", "draft"), ("initials", "number"), ("seal", "chair"),
                                         ("issue", "seal"), ("packet", "issue")])
def test_production_neither_numbers_nor_signs_nor_issues_with_a_test_signer(small_record: Record, step: str, until: str) -> None:
    record = small_record.run(until)
    record.production = True
    state = record.status().state
    with pytest.raises(NotAllowed, match=r"signer\.test_only"):
        record.step(step)
    assert record.status().state == state and record.status().packet is None


@pytest.mark.parametrize("step, until", [("initials", "number"), ("seal", "chair"), ("issue", "seal")])
def test_bytes_that_changed_on_the_disk_are_neither_signed_nor_issued(
    small_record: Record, step: str, until: str
) -> None:
    record = small_record.run(until)
    path = record.blobs.path(record.status().pdf_sha256)
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    with pytest.raises(Conflict, match=r"minutes\.damaged"):
        record.step(step)


def test_a_packet_is_made_once_and_stays_the_same(small_record: Record) -> None:
    record = small_record.run("packet")
    first = record.status().packet
    record.step("packet")
    assert record.status().packet == first
    assert kinds(record).count("packet.built") == 1


def test_numbers_follow_the_calendar_of_viet_nam(small_record: Record) -> None:
    record = small_record.run("draft")
    late = record.at.replace(year=2026, month=12, day=31, hour=17, minute=30)  # 00:30 of 1 January in Ha Noi
    taken = service.number(record.db, record.blobs, record.minutes_id, CLERK, late, shown=record.shown)
    assert (taken.year, taken.number) == (2027, 1)
