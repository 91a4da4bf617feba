"""Use cases of the signing round: reserve the number, sign, seal, refuse, withdraw, issue; and who holds a post.

Each plans, works and stores (minutes.ahead): it checks who asks and asks minutes.signing whether it may follow, signs
or prints with no transaction open, and stores the outcome only if all of that still holds.  What is signed is looked
at again each time: the PDF must be the bytes the round remembers and the bytes the person was shown, and its earlier
signatures must hold.  Callers: minutes.service (which re-exports).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.blobs import BlobStore
from meetings.errors import Conflict, Invalid, NotAllowed, Stale
from meetings.meeting import Meeting, Person, check_signers
from meetings.store import ledger_store, meeting_store
from meetings.store.database import Database
from minutes import layout, register, round_store, store, verify
from minutes.ahead import Moved, work_ahead
from minutes.appearance import render_appearance
from minutes.drafting import Printed, add_version, model_of, open_minutes, print_version, require_no_round, without_number
from minutes.editing import with_number
from minutes.model import DocumentModel
from minutes.register import Number
from minutes.round_store import StoredRound
from minutes.signing import Round, RoundState, Signer, SignerRole, Signers
from minutes.store import Minutes
from minutes.versions import Cause

SERIES = "BB"
REASSIGNED = ("division_head", "clerk")  # chair and secretary are named in the text: nobody else signs for them


@dataclass(frozen=True, slots=True)
class Turn:
    """Where the round stands when somebody acts on it."""

    minutes: Minutes
    meeting: Meeting
    found: StoredRound


def number(
    db: Database,
    blobs: BlobStore,
    minutes_id: str,
    by: Subject,
    at: datetime,
    *,
    shown: str,
    test: bool = True,
    production: bool = False,
) -> Number:
    """The clerk reserves the next number and puts it into the text; a round begins over that version.

    shown: SHA-256 of the PDF as the clerk saw it.  test: the coming signatures will be test signatures, which the
    page then says, and for which production burns no number.
    Raises Conflict("minutes.in_round") while a number is out already, Stale("minutes.stale").
    """
    def plan(conn: Connection) -> tuple[Minutes, Number, DocumentModel]:
        minutes, _ = open_minutes(conn, minutes_id, by, Action.MINUTES_NUMBER)
        if production and test:
            raise NotAllowed("signer.test_only")
        require_no_round(conn, minutes_id)
        latest = store.versions(conn, minutes_id)[-1]
        _require_shown(latest.pdf_sha256, shown, latest.version)
        model = model_of(conn, minutes_id, latest.version)
        next_one = register.foresee(
            conn, minutes.issuer_unit, layout.local(at).year, SERIES, symbol=model.header.symbol)
        return minutes, next_one, replace(with_number(model, next_one.number, next_one.symbol), test=test)

    def keep(conn: Connection, planned: tuple[Minutes, Number, DocumentModel], files: Printed) -> Number:
        minutes, expected, model = planned
        taken = register.reserve(
            conn, minutes.issuer_unit, expected.year, SERIES, by, at, symbol=expected.symbol,
            summary=f"{model.title.capitalize()} {model.summary}", meeting_id=minutes.meeting_id,
            signer=model.signatures[-1].name, recipients="\n".join(model.recipients))
        if taken != expected:
            raise Moved
        version = add_version(conn, minutes, model, files, Cause.NUMBERED, by, at)
        place = len(round_store.rounds(conn, minutes_id)) + 1
        round_store.start(
            conn, minutes_id, place, taken, Round(version.version, taken.number, version.pdf_sha256), at)
        ledger_store.append(conn, minutes.meeting_id, "minutes.numbered", at, by, data={
            "minutes": minutes_id, "version": version.version, "number": taken.number, "symbol": taken.symbol,
            "year": taken.year})
        return taken

    return work_ahead(db, plan, lambda planned: print_version(blobs, planned[2], Cause.NUMBERED), keep)


def sign(
    db: Database,
    blobs: BlobStore,
    signers: Signers,
    minutes_id: str,
    role: SignerRole | str,
    by: Subject,
    at: datetime,
    *,
    shown: str,
    production: bool = False,
) -> Round:
    """Initials, secretary or chair: the person recorded in the meeting signs with their own key.

    shown: SHA-256 of the PDF as the signer saw it.
    Raises Conflict("minutes.order") out of turn, NotAllowed("minutes.other_signer") for anybody else,
    Stale("minutes.stale") over another text, NotAllowed("signer.test_only") for a test signer in production.
    """
    role = SignerRole(role)

    def plan(conn: Connection) -> Turn:
        minutes, meeting = open_minutes(conn, minutes_id, by, Action.MINUTES_SIGN)
        if role is SignerRole.AGENCY:
            raise Conflict("minutes.order", state="", role=role.value, expected="")  # sealing is a use case of its own
        turn = _turn(conn, minutes, meeting, role)
        _require_person(meeting, role, by)
        _require_shown(turn.found.round.pdf, shown, turn.found.round.version)
        return turn

    def signer_of(meeting: Meeting) -> Signer:
        person = person_of(meeting, role)
        return signers.person(person.user_id, layout.plain_name(person.name), person.title, agency_name(meeting))

    return _put(db, blobs, signers, plan, role, signer_of, by, at, production)


def seal_minutes(
    db: Database,
    blobs: BlobStore,
    signers: Signers,
    minutes_id: str,
    by: Subject,
    at: datetime,
    *,
    shown: str,
    production: bool = False,
) -> Round:
    """The clerk puts the agency's seal on what the chair signed.  Raises as `sign`; nothing is written then."""
    def plan(conn: Connection) -> Turn:
        minutes, meeting = open_minutes(conn, minutes_id, by, Action.MINUTES_SEAL)
        turn = _turn(conn, minutes, meeting, SignerRole.AGENCY)
        _require_shown(turn.found.round.pdf, shown, turn.found.round.version)
        return turn

    def signer_of(meeting: Meeting) -> Signer:
        return signers.agency(meeting.unit.id, agency_name(meeting))

    return _put(db, blobs, signers, plan, SignerRole.AGENCY, signer_of, by, at, production)


def refuse(
    db: Database, blobs: BlobStore, minutes_id: str, role: SignerRole | str, reason: str, by: Subject, at: datetime
) -> None:
    """Whoever's turn it is sends the minutes back: the number is voided with the reason, the text is free again.

    Raises Conflict("minutes.order") out of turn or after the seal, Invalid("minutes.reason_missing").
    """
    role = SignerRole(role)

    def plan(conn: Connection) -> Turn:
        action = Action.MINUTES_SEAL if role is SignerRole.AGENCY else Action.MINUTES_SIGN
        minutes, meeting = open_minutes(conn, minutes_id, by, action)
        turn = _turn(conn, minutes, meeting, role)
        if role is not SignerRole.AGENCY:
            _require_person(meeting, role, by)
        return turn

    _send_back(db, blobs, plan, reason, "minutes.refused", {"role": role.value}, by, at)


def withdraw(db: Database, blobs: BlobStore, minutes_id: str, reason: str, by: Subject, at: datetime) -> None:
    """The clerk takes the minutes back from whoever holds them, until the seal: as a refusal, but nobody's refusal.

    Raises Conflict("minutes.order") without a round or after the seal, Invalid("minutes.reason_missing").
    """
    def plan(conn: Connection) -> Turn:
        minutes, meeting = open_minutes(conn, minutes_id, by, Action.MINUTES_NUMBER)
        return Turn(minutes, meeting, _current(conn, minutes_id))

    _send_back(db, blobs, plan, reason, "minutes.withdrawn", {}, by, at)


def reassign(conn: Connection, minutes_id: str, post: str, person: Person, by: Subject, at: datetime) -> None:
    """Somebody else holds the division head's or the clerk's post from now on, in an open write transaction.

    Only while no number is out.  Raises Invalid("minutes.post_fixed") for chair and secretary, whom the text names,
    Invalid("meeting.same_person"), Conflict("minutes.in_round").
    """
    minutes, meeting = open_minutes(conn, minutes_id, by, Action.MINUTES_NUMBER)
    if post not in REASSIGNED:
        raise Invalid("minutes.post_fixed", field="post")
    require_no_round(conn, minutes_id)
    holders = {"chair": meeting.chair, "secretary": meeting.secretary, "division_head": meeting.division_head,
               "clerk": meeting.clerk}
    before = holders[post]
    if before == person:
        return
    holders[post] = person
    check_signers(holders["chair"], holders["secretary"], holders["division_head"])
    meeting_store.save(conn, minutes.meeting_id, **meeting_store.people_values(holders))
    ledger_store.append(conn, minutes.meeting_id, "post.reassigned", at, by, data={
        "post": post, "from": before.as_data(), "to": person.as_data()})


def issue(
    db: Database,
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
    def plan(conn: Connection) -> tuple[Turn, Round]:
        minutes, meeting = open_minutes(conn, minutes_id, by, Action.MINUTES_ISSUE)
        found = _current(conn, minutes_id)
        round = found.round.issue()
        if production and (found.test or signers.test):
            raise NotAllowed("signer.test_only")
        return Turn(minutes, meeting, found), round

    def make(planned: tuple[Turn, Round]) -> None:
        verdict = verify.verify_pdf(stored_pdf(blobs, planned[1].pdf), signers.trust, at)
        if not verdict.valid:
            raise Conflict("minutes.damaged", reason=verdict.reason)

    def keep(conn: Connection, planned: tuple[Turn, Round], _made: None) -> Round:
        turn, round = planned
        number = turn.found.number
        round_store.settle(conn, minutes_id, turn.found.ord, round, at)
        register.settle(conn, number, at)
        ledger_store.append(conn, turn.minutes.meeting_id, "minutes.issued", at, by, data={
            "number": number.number, "symbol": number.symbol, "sha256": round.pdf})
        return round

    return work_ahead(db, plan, make, keep)


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


def _turn(conn: Connection, minutes: Minutes, meeting: Meeting, role: SignerRole) -> Turn:
    found = _current(conn, minutes.minutes_id)
    found.round.require_turn(role)
    return Turn(minutes, meeting, found)


def _require_person(meeting: Meeting, role: SignerRole, by: Subject) -> None:
    person = person_of(meeting, role)
    if by.user_id != person.user_id:
        raise NotAllowed("minutes.other_signer", role=role.value, name=person.name)


def _require_shown(stands: str, shown: str, version: int) -> None:
    """I18 for the person: nobody acts on a text that they have not seen."""
    if stands != shown:
        raise Stale("minutes.stale", version=version)


def _put(
    db: Database, blobs: BlobStore, signers: Signers, plan: Callable[[Connection], Turn], role: SignerRole,
    signer_of: Callable[[Meeting], Signer], by: Subject, at: datetime, production: bool,
) -> Round:
    """Signs the stored bytes and stores the outcome; returns the round with this signature."""
    def make(turn: Turn) -> tuple[str, bool, str]:
        from minutes import seal  # pyHanko takes 2 s to import: a server must be up before that

        signer = signer_of(turn.meeting)
        if production and signer.test:
            raise NotAllowed("signer.test_only")
        mark = render_appearance(role.value, signer.name, agency_name(turn.meeting), at, signer.test)
        pdf = seal.sign(stored_pdf(blobs, turn.found.round.pdf), role, signer, mark, at, signers.trust)
        return signer.name, signer.test, blobs.put(pdf)

    def keep(conn: Connection, turn: Turn, made: tuple[str, bool, str]) -> Round:
        name, test, pdf = made
        round = turn.found.round.sign(role, name, pdf, at)
        round_store.add_signature(conn, turn.minutes.minutes_id, turn.found.ord, round, test, by, at)
        if role is SignerRole.AGENCY:
            kind, data = "minutes.sealed", {"sha256": pdf}
        else:
            kind, data = "minutes.signed", {"role": role.value, "signer": name, "sha256": pdf}
        ledger_store.append(conn, turn.minutes.meeting_id, kind, at, by, data=data)
        return round

    return work_ahead(db, plan, make, keep)


def _send_back(
    db: Database, blobs: BlobStore, held: Callable[[Connection], Turn], reason: str, kind: str, data: dict[str, str],
    by: Subject, at: datetime,
) -> None:
    """Ends the round: its number is voided with the reason, the text is free again."""
    def plan(conn: Connection) -> tuple[Turn, Round, DocumentModel]:
        turn = held(conn)
        round = turn.found.round.refuse(reason)
        return turn, round, without_number(model_of(conn, turn.minutes.minutes_id, round.version))

    def keep(conn: Connection, planned: tuple[Turn, Round, DocumentModel], files: Printed) -> None:
        turn, round, model = planned
        number, meeting_id = turn.found.number, turn.minutes.meeting_id
        round_store.settle(conn, turn.minutes.minutes_id, turn.found.ord, round, at)
        register.void(conn, number, round.reason or "", at)
        add_version(conn, turn.minutes, model, files, Cause.REFUSED, by, at)
        ledger_store.append(conn, meeting_id, kind, at, by, data={**data, "reason": round.reason})
        ledger_store.append(conn, meeting_id, "number.voided", at, by, data={
            "number": number.number, "reason": round.reason})

    work_ahead(db, plan, lambda planned: print_version(blobs, planned[2], Cause.REFUSED), keep)
