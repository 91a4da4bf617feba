"""Use cases of the text: draft the minutes of a closed meeting, edit them, print them.

Each plans, prints outside any transaction and stores in one (minutes.ahead); blobs are written before the rows that
name them, so a crash leaves at worst an unnamed blob.  It never numbers or signs: minutes.rounds does.
Callers: minutes.service (which re-exports), minutes.rounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.blobs import BlobStore
from meetings.errors import Conflict
from meetings.ids import new_id
from meetings.meeting import Meeting, State
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store
from meetings.store.database import Database
from minutes import round_store, store
from minutes.ahead import work_ahead
from minutes.docx import render_docx
from minutes.draft import facts_from_events, minutes_model
from minutes.editing import apply_edits
from minutes.model import DocumentModel
from minutes.pdf import render_pdf
from minutes.signing import RoundState
from minutes.store import Minutes
from minutes.versions import Cause, MinuteVersion, require_latest


@dataclass(frozen=True, slots=True)
class Printed:
    """The two files of one version, kept: SHA-256 (hex)."""

    docx: str
    pdf: str


def draft(
    db: Database,
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
    minutes_id, code = new_id(at), store.new_code()

    def plan(conn: Connection) -> tuple[Minutes, DocumentModel]:
        meeting = meeting_store.lock(conn, meeting_id)
        if by is not None:
            permit(conn, meeting, by, Action.MINUTES_EDIT)
        if meeting.state is not State.CONCLUDED:
            raise Conflict("minutes.meeting_open", title=meeting.title)
        if store.of_meeting(conn, meeting_id) is not None:
            raise Conflict("minutes.exists", title=meeting.title)
        facts = facts_from_events(ledger_store.events(conn, meeting_id))
        url = f"{base_url}/verify/{code}" if base_url else ""
        minutes = Minutes(minutes_id, meeting_id, 1, code, meeting.unit.id, at)
        return minutes, minutes_model(facts, verify_url=url, code=code, test=test)

    def keep(conn: Connection, planned: tuple[Minutes, DocumentModel], files: Printed) -> str:
        minutes, model = planned
        store.add(conn, minutes)
        _told(conn, minutes, add_version(conn, minutes, model, files, Cause.DRAFTED, by, at), by, at)
        return minutes_id

    return work_ahead(db, plan, lambda planned: print_version(blobs, planned[1], Cause.DRAFTED), keep)


def edit(
    db: Database,
    blobs: BlobStore,
    minutes_id: str,
    edits: Mapping[str, str],
    base: str,
    by: Subject,
    at: datetime,
) -> MinuteVersion:
    """The next version with new texts for the named places (minutes.editing); nothing new if nothing changed.

    base: SHA-256 of the version the editor showed.  Raises Stale("minutes.stale") if there is a newer one,
    Conflict("minutes.in_round") while a number is out, Invalid for a text that cannot stand in a document.
    """
    def plan(conn: Connection) -> tuple[Minutes, MinuteVersion, DocumentModel | None]:
        minutes, _ = open_minutes(conn, minutes_id, by, Action.MINUTES_EDIT)
        require_no_round(conn, minutes_id)
        versions = store.versions(conn, minutes_id)
        require_latest(versions, base)
        old = model_of(conn, minutes_id, versions[-1].version)
        new = apply_edits(old, edits)
        return minutes, versions[-1], None if new == old else new

    def make(planned: tuple[Minutes, MinuteVersion, DocumentModel | None]) -> Printed | None:
        return print_version(blobs, planned[2], Cause.EDITED) if planned[2] else None

    def keep(
        conn: Connection, planned: tuple[Minutes, MinuteVersion, DocumentModel | None], files: Printed | None
    ) -> MinuteVersion:
        minutes, latest, model = planned
        if model is None or files is None:
            return latest
        version = add_version(conn, minutes, model, files, Cause.EDITED, by, at)
        _told(conn, minutes, version, by, at)
        return version

    return work_ahead(db, plan, make, keep)


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


def print_version(blobs: BlobStore, model: DocumentModel, cause: Cause) -> Printed:
    """Renders and keeps both files.  A numbered version gets its four empty signature fields at once."""
    rendered = render_pdf(model)
    pdf = rendered.data
    if cause is Cause.NUMBERED:
        from minutes import seal  # pyHanko takes 2 s to import: a server must be up before that

        pdf = seal.prepare(pdf, rendered.fields)
    return Printed(blobs.put(render_docx(model)), blobs.put(pdf))


def add_version(
    conn: Connection,
    minutes: Minutes,
    model: DocumentModel,
    files: Printed,
    cause: Cause,
    by: Subject | None,
    at: datetime,
) -> MinuteVersion:
    """Stores the next version, printed before."""
    before = store.versions(conn, minutes.minutes_id)
    version = MinuteVersion(
        version=len(before) + 1, cause=cause, parent_sha256=before[-1].sha256 if before else None,
        sha256=model.sha256, docx_sha256=files.docx, pdf_sha256=files.pdf, by=store.actor(by), at=at,
    )
    store.add_version(conn, minutes.minutes_id, version, model.to_json())
    return version


def without_number(model: DocumentModel) -> DocumentModel:
    """The text after a refused round: the place of the number is blank again."""
    return replace(model, header=replace(model.header, number=None))


def _told(conn: Connection, minutes: Minutes, version: MinuteVersion, by: Subject | None, at: datetime) -> None:
    data: dict[str, Any] = {"minutes": minutes.minutes_id, "version": version.version, "sha256": version.sha256}
    ledger_store.append(conn, minutes.meeting_id, "minutes.drafted", at, by, data=data)
