"""Use cases of the text: draft the minutes of a closed meeting, edit them, print them.

Each takes the open write transaction first and does everything in it; blobs are written before the rows that name
them, so a crash leaves at worst an unnamed blob.  It never numbers or signs: minutes.rounds does.
Callers: minutes.service (which re-exports), minutes.rounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.blobs import BlobStore
from meetings.errors import Conflict
from meetings.ledger import Event
from meetings.meeting import Meeting, State
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store
from minutes import round_store, store
from minutes.docx import render_docx
from minutes.draft import facts_from_events, minutes_model
from minutes.editing import apply_edits
from minutes.invitation import invitation_model
from minutes.model import DocumentModel
from minutes.pdf import render_pdf
from minutes.signing import RoundState
from minutes.store import Minutes
from minutes.versions import Cause, MinuteVersion, require_latest


def draft(
    conn: Connection,
    blobs: BlobStore,
    meeting_id: str,
    by: Subject | None,
    at: datetime,
    *,
    base_url: str = "",
    test: bool = True,
) -> str:
    """Version 1 from the ledger of a concluded meeting; the id of the minutes.  `by` None = the system, at closing.

    base_url: address of the product, for the QR code on the page.  test: signatures will be test signatures.
    Raises Conflict("minutes.meeting_open" | "minutes.exists").
    """
    meeting = meeting_store.lock(conn, meeting_id)
    if by is not None:
        permit(conn, meeting, by, Action.MINUTES_EDIT)
    if meeting.state is not State.CONCLUDED:
        raise Conflict("minutes.meeting_open", title=meeting.title)
    if store.of_meeting(conn, meeting_id) is not None:
        raise Conflict("minutes.exists", title=meeting.title)
    minutes = store.add(conn, meeting_id, meeting.unit.id, at)
    facts = facts_from_events(ledger_store.events(conn, meeting_id))
    url = f"{base_url}/verify/{minutes.code}" if base_url else ""
    model = minutes_model(facts, verify_url=url, code=minutes.code, test=test)
    _, version = add_version(conn, blobs, minutes, model, Cause.DRAFTED, by, at)
    _told(conn, minutes, version, by, at)
    return minutes.minutes_id


def edit(
    conn: Connection,
    blobs: BlobStore,
    minutes_id: str,
    edits: Mapping[str, str],
    base: str,
    by: Subject,
    at: datetime,
) -> MinuteVersion:
    """The next version with new texts for the named blocks (minutes.editing); nothing new if nothing changed.

    base: SHA-256 of the version the editor showed.  Raises Stale("minutes.stale") if there is a newer one,
    Conflict("minutes.in_round") while a number is out, Invalid for a text that cannot stand in a document.
    """
    minutes, _ = open_minutes(conn, minutes_id, by, Action.MINUTES_EDIT)
    require_no_round(conn, minutes_id)
    versions = store.versions(conn, minutes_id)
    require_latest(versions, base)
    old = model_of(conn, minutes_id, versions[-1].version)
    new = apply_edits(old, edits)
    if new == old:
        return versions[-1]
    _, version = add_version(conn, blobs, minutes, new, Cause.EDITED, by, at)
    _told(conn, minutes, version, by, at)
    return version


def invitation(conn: Connection, meeting_id: str) -> DocumentModel | None:
    """The invitation as it stood when the meeting was convened (form 1.7); None before that."""
    events = ledger_store.events(conn, meeting_id)
    convened = next((place for place, event in enumerate(events) if event.kind == "meeting.convened"), None)
    if convened is None:
        return None
    known: list[Event] = events[: convened + 1]
    return invitation_model(facts_from_events(known), issued=events[convened].at)


def open_minutes(conn: Connection, minutes_id: str, by: Subject, action: Action) -> tuple[Minutes, Meeting]:
    """The minutes and their meeting, locked for a change that `by` may make."""
    minutes = store.load(conn, minutes_id)
    meeting = meeting_store.lock(conn, minutes.meeting_id)
    permit(conn, meeting, by, action)
    return minutes, meeting


def require_no_round(conn: Connection, minutes_id: str) -> None:
    """Raises Conflict("minutes.in_round") unless the last round, if any, was refused."""
    found = round_store.current(conn, minutes_id)
    if found is not None and found.round.state is not RoundState.REFUSED:
        raise Conflict("minutes.in_round", state=found.round.state.value, number=found.number.number)


def model_of(conn: Connection, minutes_id: str, version: int) -> DocumentModel:
    """The text of one version.  Raises NotFound("not_found")."""
    return DocumentModel.from_json(store.model(conn, minutes_id, version))


def add_version(
    conn: Connection,
    blobs: BlobStore,
    minutes: Minutes,
    model: DocumentModel,
    cause: Cause,
    by: Subject | None,
    at: datetime,
) -> tuple[DocumentModel, MinuteVersion]:
    """Renders and stores the next version.  A numbered one gets its four empty signature fields at once."""
    before = store.versions(conn, minutes.minutes_id)
    rendered = render_pdf(model)
    pdf = rendered.data
    if cause is Cause.NUMBERED:
        from minutes import seal  # pyHanko takes 2 s to import: a server must be up before that

        pdf = seal.prepare(pdf, rendered.fields)
    version = MinuteVersion(
        version=len(before) + 1, cause=cause, parent_sha256=before[-1].sha256 if before else None,
        sha256=model.sha256, docx_sha256=blobs.put(render_docx(model)), pdf_sha256=blobs.put(pdf),
        by=store.actor(by), at=at,
    )
    store.add_version(conn, minutes.minutes_id, version, model.to_json())
    return model, version


def without_number(model: DocumentModel) -> DocumentModel:
    """The text after a refused round: the place of the number is blank again."""
    return replace(model, header=replace(model.header, number=None))


def _told(conn: Connection, minutes: Minutes, version: MinuteVersion, by: Subject | None, at: datetime) -> None:
    data: dict[str, Any] = {"minutes": minutes.minutes_id, "version": version.version, "sha256": version.sha256}
    ledger_store.append(conn, minutes.meeting_id, "minutes.drafted", at, by, data=data)
