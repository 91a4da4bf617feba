"""What the database itself refuses, on both engines: a sealed record never changes, steps follow their order."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from meetings.errors import NotFound
from minutes import store
from minutes.tables import minute_version, minutes, packet, register, release_link, sign_round, signature
from minutes.versions import broken_at
from tests.support.record import Record

KEPT: tuple[Table, ...] = (minutes, minute_version, sign_round, signature, packet, register)
X = "0" * 64


def test_nothing_of_an_issued_record_can_be_deleted_changed_or_continued(record: Record) -> None:
    record.run("packet")
    for table in KEPT:
        with pytest.raises(IntegrityError), record.db.write() as conn:
            conn.execute(delete(table))
    changes: list[tuple[Table, dict[str, object]]] = [
        (minutes, {"code": "KHAC"}), (minute_version, {"model": "{}"}), (minute_version, {"pdf_sha256": X}),
        (sign_round, {"pdf_sha256": X}), (sign_round, {"state": "numbered", "settled_at": None}),
        (sign_round, {"state": "refused", "reason": "x"}), (signature, {"signer": "Người khác"}),
        (packet, {"sha256": X}), (register, {"number": 9}),
    ]
    for table, values in changes:
        with pytest.raises(IntegrityError), record.db.write() as conn:
            conn.execute(update(table).values(values))
    with record.db.read() as conn:
        version = dict(conn.execute(select(minute_version).order_by(minute_version.c.version.desc())).mappings().first())
        round = dict(conn.execute(select(sign_round)).mappings().first())
    version |= {"version": version["version"] + 1, "parent_sha256": version["sha256"]}
    with pytest.raises(IntegrityError), record.db.write() as conn:
        conn.execute(insert(minute_version).values(version))
    round |= {"round": 2, "state": "numbered", "settled_at": None}
    with pytest.raises(IntegrityError), record.db.write() as conn:
        conn.execute(insert(sign_round).values(round))


@pytest.mark.parametrize("state", ["initialled", "chair_signed", "sealed", "issued"])
def test_a_round_cannot_skip_steps_in_the_database_either(record: Record, state: str) -> None:
    record.run("number")
    with pytest.raises(IntegrityError), record.db.write() as conn:
        conn.execute(update(sign_round).values(state=state, settled_at=record.at if state == "issued" else None))


@pytest.mark.parametrize("change", [
    {"ord": 2, "role": "secretary"}, {"role": "chair"}, {"ord": 1, "role": "agency"}, {"before_sha256": X}])
def test_a_signature_out_of_order_or_over_other_bytes_is_refused_by_the_database(
    record: Record, change: dict[str, object]
) -> None:
    record.run("number")
    row = {"minutes_id": record.minutes_id, "round": 1, "ord": 1, "role": "initials", "signer": "x",
           "before_sha256": record.status().pdf_sha256, "after_sha256": "1" * 64, "test": 1, "at": record.at}
    with pytest.raises(IntegrityError), record.db.write() as conn:
        conn.execute(insert(signature).values({**row, **change}))
    with record.db.write() as conn:
        conn.execute(insert(signature).values(row))


def test_a_version_that_does_not_continue_the_chain_is_refused(record: Record) -> None:
    record.run("draft")
    with record.db.read() as conn:
        row = dict(conn.execute(select(minute_version)).mappings().one())
    for wrong in ({"version": 2, "parent_sha256": X}, {"version": 3, "parent_sha256": row["sha256"]},
                  {"version": 1}, {"version": 2, "parent_sha256": None}):
        with pytest.raises(IntegrityError), record.db.write() as conn:
            conn.execute(insert(minute_version).values({**row, **wrong}))


def test_before_issue_there_is_no_packet_and_no_link_and_never_one_for_somebody_absent(record: Record) -> None:
    def row(name: str) -> dict[str, object]:
        return {"link_id": name, "minutes_id": record.minutes_id, "delegate_id": record.delegates[name],
                "expires_at": record.tick(10), "granted_at": record.at.replace(year=2025)}

    record.run("seal")
    with pytest.raises(IntegrityError), record.db.write() as conn:
        store.add_packet(conn, record.minutes_id, X, 1, record.at)
    for when, name in (("before issue", "Hoàng Văn Sơn"), ("absent", "Lò Thị Mai")):
        with pytest.raises(IntegrityError), record.db.write() as conn:
            conn.execute(insert(release_link).values(row(name)))
        if when == "before issue":
            record.step("issue")
    with record.db.write() as conn:
        conn.execute(insert(release_link).values(row("Hoàng Văn Sơn")))
    with pytest.raises(IntegrityError), record.db.write() as conn:  # two live links of one person
        conn.execute(insert(release_link).values({**row("Hoàng Văn Sơn"), "link_id": "another"}))


def test_the_stored_versions_form_a_chain_whose_digests_are_those_of_the_texts(record: Record) -> None:
    import hashlib

    record.run("number")
    with record.db.read() as conn:
        versions = store.versions(conn, record.minutes_id)
        texts = [store.model(conn, record.minutes_id, version.version) for version in versions]
    assert [version.cause.value for version in versions] == ["drafted", "numbered"]
    assert broken_at(versions) is None
    assert [hashlib.sha256(text.encode()).hexdigest() for text in texts] == [v.sha256 for v in versions]


def test_a_code_is_found_as_people_type_it_and_an_unknown_one_is_not(record: Record) -> None:
    record.run("draft")
    code = record.status().minutes.code
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{10}", code)
    typed = code.lower().replace("0", "o").replace("1", "l")
    with record.db.read() as conn:
        assert store.by_code(conn, f"{typed[:5]} {typed[5:]}").minutes_id == record.minutes_id
        for unknown in ("", "0000000000", code[:-1], code + "0", "'; DROP TABLE minutes"):
            with pytest.raises(NotFound):
                store.by_code(conn, unknown)
