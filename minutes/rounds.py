"""Use cases of the signing round: reserve the number, sign, seal, refuse, issue.

Each takes the open write transaction first, checks who asks, asks minutes.signing whether it may follow, and stores
the outcome, all in that one transaction.  What is signed is looked at again each time: the PDF must be the bytes the
round remembers, and its earlier signatures must hold.  Callers: minutes.service (which re-exports).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.blobs import BlobStore
from meetings.errors import Conflict, NotAllowed
from meetings.meeting import Meeting, Person
from meetings.store import ledger_store
from minutes import layout, register, round_store, store, verify
from minutes.appearance import render_appearance
from minutes.drafting import add_version, model_of, open_minutes, require_no_round, without_number
from minutes.editing import with_number
from minutes.register import Number
from minutes.round_store import StoredRound
from minutes.signing import Round, RoundState, Signer, SignerRole, Signers
from minutes.store import Minutes
from minutes.versions import Cause

SERIES = "BB"


def number(
    conn: Connection, blobs: BlobStore, minutes_id: str, by: Subject, at: datetime, *, test: bool = True
) -> Number:
    """The clerk reserves the next number and puts it into the text; a round begins over that version.

    test: the coming signatures will be test signatures, which the page then says.
    Raises Conflict("minutes.in_round") while a number is out already.
    """
    minutes, meeting = open_minutes(conn, minutes_id, by, Action.MINUTES_NUMBER)
    require_no_round(conn, minutes_id)
    model = model_of(conn, minutes_id, len(store.versions(conn, minutes_id)))
    taken = register.reserve(
        conn, minutes.issuer_unit, layout.local(at).year, SERIES, by, at,
        symbol=model.header.symbol, summary=f"{model.title.capitalize()} {model.summary}", meeting_id=meeting.meeting_id)
    model = replace(with_number(model, taken.number, taken.symbol), test=test)
    _, version = add_version(conn, blobs, minutes, model, Cause.NUMBERED, by, at)
    round = Round(version.version, taken.number, version.pdf_sha256)
    place = len(round_store.rounds(conn, minutes_id)) + 1
    round_store.start(conn, minutes_id, place, taken, round, at)
    ledger_store.append(conn, meeting.meeting_id, "minutes.numbered", at, by, data={
        "minutes": minutes_id, "version": version.version, "number": taken.number, "symbol": taken.symbol,
        "year": taken.year})
    return taken


def sign(
    conn: Connection,
    blobs: BlobStore,
    signers: Signers,
    minutes_id: str,
    role: SignerRole | str,
    by: Subject,
    at: datetime,
    *,
    production: bool = False,
) -> Round:
    """Initials, secretary or chair: the person recorded in the meeting signs with their own key.

    Raises Conflict("minutes.order") out of turn, NotAllowed("minutes.other_signer") for anybody else,
    NotAllowed("signer.test_only") for a test signer in production.
    """
    role = SignerRole(role)
    minutes, meeting = open_minutes(conn, minutes_id, by, Action.MINUTES_SIGN)
    if role is SignerRole.AGENCY:
        raise Conflict("minutes.order", state="", role=role.value, expected="")  # sealing is a use case of its own
    found = _current(conn, minutes_id)
    found.round.require_turn(role)
    person = person_of(meeting, role)
    if by.user_id != person.user_id:
        raise NotAllowed("minutes.other_signer", role=role.value, name=person.name)
    signer = signers.person(person.user_id, layout.plain_name(person.name), person.title, agency_name(meeting))
    round = _put(conn, blobs, signers, minutes, meeting, found, signer, role, by, at, production)
    ledger_store.append(conn, meeting.meeting_id, "minutes.signed", at, by, data={
        "role": role.value, "signer": signer.name, "sha256": round.pdf})
    return round


def seal_minutes(
    conn: Connection,
    blobs: BlobStore,
    signers: Signers,
    minutes_id: str,
    by: Subject,
    at: datetime,
    *,
    production: bool = False,
) -> Round:
    """The clerk puts the agency's seal on what the chair signed.  Raises as `sign`; nothing is written then."""
    minutes, meeting = open_minutes(conn, minutes_id, by, Action.MINUTES_SEAL)
    found = _current(conn, minutes_id)
    found.round.require_turn(SignerRole.AGENCY)
    signer = signers.agency(meeting.unit.id, agency_name(meeting))
    round = _put(conn, blobs, signers, minutes, meeting, found, signer, SignerRole.AGENCY, by, at, production)
    ledger_store.append(conn, meeting.meeting_id, "minutes.sealed", at, by, data={"sha256": round.pdf})
    return round


def refuse(
    conn: Connection, blobs: BlobStore, minutes_id: str, role: SignerRole | str, reason: str, by: Subject, at: datetime
) -> None:
    """Whoever's turn it is sends the minutes back: the number is voided with the reason, the text is free again.

    Raises Conflict("minutes.order") out of turn or after the seal, Invalid("minutes.reason_missing").
    """
    role = SignerRole(role)
    action = Action.MINUTES_SEAL if role is SignerRole.AGENCY else Action.MINUTES_SIGN
    minutes, meeting = open_minutes(conn, minutes_id, by, action)
    found = _current(conn, minutes_id)
    found.round.require_turn(role)
    if role is not SignerRole.AGENCY and by.user_id != (person := person_of(meeting, role)).user_id:
        raise NotAllowed("minutes.other_signer", role=role.value, name=person.name)
    round = found.round.refuse(reason)
    round_store.settle(conn, minutes_id, found.ord, round, at)
    register.void(conn, found.number, round.reason or "", at)
    model = without_number(model_of(conn, minutes_id, round.version))
    add_version(conn, blobs, minutes, model, Cause.REFUSED, by, at)
    ledger_store.append(conn, meeting.meeting_id, "minutes.refused", at, by, data={
        "role": role.value, "reason": round.reason})
    ledger_store.append(conn, meeting.meeting_id, "number.voided", at, by, data={
        "number": found.number.number, "reason": round.reason})


def issue(
    conn: Connection,
    blobs: BlobStore,
    signers: Signers,
    minutes_id: str,
    by: Subject,
    at: datetime,
    *,
    production: bool = False,
) -> Round:
    """The sealed minutes become the record.  They are verified once more, from the stored bytes.

    Raises Conflict("minutes.order") unless sealed, NotAllowed("signer.test_only") in production with test signatures,
    Conflict("minutes.damaged") when what is stored does not verify.
    """
    _, meeting = open_minutes(conn, minutes_id, by, Action.MINUTES_ISSUE)
    found = _current(conn, minutes_id)
    round = found.round.issue()
    if production and (found.test or signers.test):
        raise NotAllowed("signer.test_only")
    verdict = verify.verify_pdf(stored_pdf(blobs, round.pdf), signers.trust, at)
    if not verdict.valid:
        raise Conflict("minutes.damaged", reason=verdict.reason)
    round_store.settle(conn, minutes_id, found.ord, round, at)
    register.settle(conn, found.number, at)
    ledger_store.append(conn, meeting.meeting_id, "minutes.issued", at, by, data={
        "number": found.number.number, "symbol": found.number.symbol, "sha256": round.pdf})
    return round


def person_of(meeting: Meeting, role: SignerRole) -> Person:
    """Who signs in this role: the division head, secretary or chair recorded in the meeting."""
    people = {SignerRole.INITIALS: meeting.division_head, SignerRole.SECRETARY: meeting.secretary,
              SignerRole.CHAIR: meeting.chair, SignerRole.AGENCY: meeting.clerk}
    return people[role]


def agency_name(meeting: Meeting) -> str:
    """The agency as its certificate and seal name it: `Ủy ban nhân dân tỉnh Quảng Ninh`."""
    name = (meeting.unit.issuer or meeting.unit.name).replace("\n", " ")  # as the head of the minutes has it
    return layout.issuer_name(name, meeting.unit.parent_name or "")


def stored_pdf(blobs: BlobStore, sha256: str) -> bytes:
    """The bytes of that digest.  Raises Conflict("minutes.damaged") when the store gives others."""
    with blobs.open(sha256) as file:
        data = file.read(verify.LARGEST_PDF + 1)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Conflict("minutes.damaged", reason="digest")
    return data


def _current(conn: Connection, minutes_id: str) -> StoredRound:
    found = round_store.current(conn, minutes_id)
    if found is None or found.round.state is RoundState.REFUSED:
        raise Conflict("minutes.order", state="draft", role="", expected="")
    return found


def _put(
    conn: Connection, blobs: BlobStore, signers: Signers, minutes: Minutes, meeting: Meeting, found: StoredRound,
    signer: Signer, role: SignerRole, by: Subject, at: datetime, production: bool,
) -> Round:
    """Signs the stored bytes and stores the outcome; returns the round with this signature."""
    from minutes import seal  # pyHanko takes 2 s to import: a server must be up before that

    if production and signer.test:
        raise NotAllowed("signer.test_only")
    mark = render_appearance(role.value, signer.name, agency_name(meeting), at, signer.test)
    pdf = seal.sign(stored_pdf(blobs, found.round.pdf), role, signer, mark, at, signers.trust)
    round = found.round.sign(role, signer.name, blobs.put(pdf), at)
    round_store.add_signature(conn, minutes.minutes_id, found.ord, round, signer.test, by, at)
    return round
