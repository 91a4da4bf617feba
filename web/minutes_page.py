"""What the page of one meeting's minutes shows: the text with its editable places, the stages, the people's next step.

Reads only.  Called by `web/routes/minutes.py`; the sentence other pages show of minutes is in `web/minutes_view.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from meetings import service as meetings
from meetings.access import Action, Resource, Role, Subject, decide
from meetings.ledger import Event
from meetings.meeting import Person
from meetings.store import ledger_store
from minutes import layout, service, store
from minutes.editing import Section, sections
from minutes.model import Block, DocumentModel, Heading, Items, KeyValue, Paragraph, Table
from minutes.rounds import REASSIGNED
from minutes.service import Status
from minutes.signing import DRAFT, SIGNING_ORDER, RoundState, SignerRole
from web import booking_view
from web.i18n import N_, _
from web.words import ROLES

STAGES: tuple[tuple[str, str], ...] = (
    ("number", N_("Cấp số")), ("initials", N_("Ký nháy")), ("secretary", N_("Thư ký ký")), ("chair", N_("Chủ tọa ký")),
    ("agency", N_("Đóng dấu")), ("issue", N_("Phát hành")),
)
NOT_EVIDENCE = ("minutes.", "number.", "packet.", "post.", "release.", "link.", "invitation.", "line.", "page.", "document.opened", "private.",
                "recording.told", "recording.kept", "recording.composed", "recording.released", "recording.deleted", "recording.erased")


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: `state` is done, now or empty; `who` and `at` are of the one who did it, or who has to."""

    key: str
    name: str
    state: str
    who: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Part:
    """One block of the text as the page prints it; `section` where this person may change it."""

    kind: str  # heading | value | text | list | table
    texts: tuple[str, ...]
    level: int = 0
    key: str = ""
    style: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    section: Section | None = None


@dataclass(frozen=True, slots=True)
class Delegate:
    """A delegate recorded as present and the link they hold."""

    delegate_id: str
    name: str
    post: str
    expires: datetime | None
    link_id: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """What this person can do now: `do` is the last part of the form's address."""

    do: str
    text: str
    icon: str


def step(status: Status, subject: Subject, resource: Resource) -> Step | None:
    """The one thing that waits for this person, or None."""
    may = {name: decide(subject, action, resource).allowed for name, action in (
        ("number", Action.MINUTES_NUMBER), ("seal", Action.MINUTES_SEAL), ("issue", Action.MINUTES_ISSUE))}
    if status.state == "draft":
        return Step("number", _("Cấp số"), "stamp") if may["number"] else None
    if status.state == RoundState.SEALED:
        return Step("issue", _("Phát hành"), "send") if may["issue"] else None
    if status.issued:
        return Step("packet", _("Lập gói tài liệu"), "file-text") if may["issue"] and status.packet is None else None
    role = status.next_role
    if role is SignerRole.AGENCY:
        return Step("seal", _("Đóng dấu"), "stamp") if may["seal"] else None
    if role is None or service.person_of(status.meeting, role).user_id != subject.user_id:
        return None
    return Step(f"sign/{role.value}", _("Ký nháy") if role is SignerRole.INITIALS else _("Ký"), "pen-line")


def withdrawable(status: Status, subject: Subject, resource: Resource) -> bool:
    """Whether this person may take the minutes back from whoever holds them: a clerk, until the seal."""
    return status.next_role is not None and decide(subject, Action.MINUTES_NUMBER, resource).allowed


def posts(
    conn: Connection, status: Status, subject: Subject, resource: Resource, on: date
) -> list[tuple[str, str, str, list[Person]]]:
    """(post, its name, who holds it, who else may): what this person may pass on while no number is out."""
    if status.state != DRAFT or not decide(subject, Action.MINUTES_NUMBER, resource).allowed:
        return []
    found = []
    for post in REASSIGNED:
        holder: Person = getattr(status.meeting, post)
        others = [one for one in fitting(conn, post, subject, on).values() if one.user_id != holder.user_id]
        if others:
            found.append((post, _(ROLES[Role(post)]), holder.name, others))
    return found


def fitting(conn: Connection, post: str, subject: Subject, on: date) -> dict[str, Person]:
    """Who may hold a post, by user id: active accounts of this person's unit with its role."""
    if post not in REASSIGNED:
        return {}
    accounts = [(account, unit) for account, unit in booking_view.people(conn, subject, on)
                if Role(post) in account.roles]
    return booking_view.as_people(accounts)


def stages(status: Status) -> tuple[Stage, ...]:
    """The line of the round: who did what and when, who has to."""
    done: dict[str, tuple[str, datetime | None]] = {}
    if status.round and status.state != "draft":
        numbered = status.versions[status.round.round.version - 1]
        done["number"] = (str((numbered.by or {}).get("name", "")), status.round.opened_at)
        for signature in status.round.round.signatures:
            done[signature.role.value] = (signature.signer, signature.at)
        if status.issued:
            done["issue"] = (status.meeting.clerk.name, status.round.settled_at)
    awaited = {role.value: service.person_of(status.meeting, role).name for role in SIGNING_ORDER}
    found, now = [], False
    for key, name in STAGES:
        who, at = done.get(key, (awaited.get(key, status.meeting.clerk.name), None))
        state = "done" if key in done else "" if now else "now"
        now = now or state == "now"
        found.append(Stage(key, _(name), state, who, at))
    return tuple(found)


def parts(model: DocumentModel, editable: bool) -> tuple[tuple[str, tuple[Part, ...]], ...]:
    """(title, parts) of the body and of each appendix, in reading order."""
    places = {section.block_id: section for section in sections(model)}
    bodies = [("", model.blocks), *((appendix.title, appendix.blocks) for appendix in model.appendices)]
    return tuple(
        (title, tuple(_part(block, places.get(block.block_id), editable) for block in blocks))
        for title, blocks in bodies)


def number(model: DocumentModel) -> str:
    return layout.document_number(model.header.number, model.header.symbol)


def evidence(conn: Connection, meeting_id: str) -> list[Event]:
    """What the record says happened, without what happened to the minutes afterwards."""
    events = ledger_store.events(conn, meeting_id)
    return [event for event in events if not event.kind.startswith(NOT_EVIDENCE)]


def delegates(conn: Connection, status: Status) -> list[Delegate]:
    """Those recorded as present, with the links they hold."""
    links = {link.delegate_id: link for link in store.live_links(conn, status.minutes.minutes_id)}
    found = []
    for one in meetings.delegates(conn, status.meeting.meeting_id):
        if one.present:
            link = links.get(one.delegate_id)
            found.append(Delegate(one.delegate_id, one.name, one.post, link.expires_at if link else None,
                                  link.link_id if link else None))
    return found


def _part(block: Block, section: Section | None, editable: bool) -> Part:
    shown = section if editable or (section and section.changed) else None
    match block:
        case Heading():
            return Part("heading", (block.text,), level=block.level)
        case KeyValue():
            return Part("value", (block.value,), key=block.key, section=shown)
        case Items():
            return Part("list", block.items, style="ordered" if block.ordered else "", section=shown)
        case Paragraph():
            return Part("text", tuple(block.text.split("\n")) if block.text else (), style=block.style, section=shown)
        case Table():
            return Part("table", tuple(column.text for column in block.columns), key=block.caption, rows=block.rows)
