"""Use cases of the invitation (form 1.7): its number in the register, and the document as everybody gets it.

It is made from what was booked and convened, and tells changes up to the opening; nobody signs it here, so it never
speaks of signatures.  The same file is in the packet.  Callers: minutes.service (which re-exports), minutes.packing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile

from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.errors import Conflict
from meetings.ledger import Event
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store
from minutes import layout, register
from minutes.draft import facts_from_events, signer_name
from minutes.facts import MinuteFacts
from minutes.invitation import DEFAULT_RECIPIENTS, Repetition, invitation_model, summary_of, symbol_of
from minutes.model import DocumentModel
from minutes.register import Number

SERIES = "GM"


def number_invitation(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> Number:
    """The invitation's number, reserved with the convening of the meeting and in the same transaction; once.

    It goes out at that moment, so the register says issued.  Raises Conflict("invitation.not_convened").
    """
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_BOOK)
    if known := register.of_meeting(conn, meeting_id, SERIES):
        return known
    events = ledger_store.events(conn, meeting_id)
    if _convened(events) is None:
        raise Conflict("invitation.not_convened", title=meeting.title)
    facts = _facts(events)
    taken = register.reserve(
        conn, meeting.unit.id, layout.local(at).year, SERIES, by, at, symbol=symbol_of(facts),
        summary=f"Giấy mời {summary_of(facts)}", meeting_id=meeting_id, signer=signer_name(facts.chair),
        recipients="\n".join(DEFAULT_RECIPIENTS))
    register.settle(conn, taken, at)
    ledger_store.append(conn, meeting_id, "invitation.numbered", at, by, data={
        "number": taken.number, "symbol": taken.symbol, "year": taken.year})
    return taken


def invitation(conn: Connection, meeting_id: str, repetition: Repetition | None = None) -> DocumentModel | None:
    """The invitation as it stands; None before the meeting was convened.  Raises Invalid for what no page can hold.

    With `repetition` it invites to every meeting of the series that this one is the first of, under this one's number.
    """
    events = ledger_store.events(conn, meeting_id)
    convened = _convened(events)
    if convened is None:
        return None
    numbered = next((event.data for event in events if event.kind == "invitation.numbered"), {})
    return invitation_model(
        _facts(events), convened.at, numbered.get("number"), symbol=numbered.get("symbol", ""),
        repetition=repetition, test=False)


def invitation_stem(model: DocumentModel) -> str:
    """`giay-moi-01-GM-UBND`: the name of the file without its ending, ASCII for every system."""
    header = model.header
    number = f"-{layout.number_text(header.number)}-{header.symbol}" if header.number else ""
    return layout.ascii_name(f"giay-moi{number}")


def _convened(events: Iterable[Event]) -> Event | None:
    return next((event for event in events if event.kind == "meeting.convened"), None)


def _facts(events: Iterable[Event]) -> MinuteFacts:
    """What was planned: a meeting that has opened invites nobody any more."""
    planned = takewhile(lambda event: event.kind != "meeting.opened", events)
    return facts_from_events(event for event in planned if event.kind.startswith("meeting."))
