"""Reads and writes minutes, their versions, packets and personal links.  Decides nothing; called by the use cases.

Rounds and signatures have a module of their own, minutes.round_store; numbers are in minutes.register.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from meetings.access import Subject
from meetings.errors import NotFound
from minutes.tables import minute_version, minutes, packet, release_link, sign_round
from minutes.versions import Cause, MinuteVersion

# Read aloud and typed from paper: no letter that looks like a digit or another letter (Crockford's base 32).
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 10  # 50 bits: not to be guessed, and short enough for the page behind the QR code


@dataclass(frozen=True, slots=True)
class Minutes:
    """The minutes of a meeting; `ord` counts corrections, 1 being the first.  `code` is what the QR code names."""

    minutes_id: str
    meeting_id: str
    ord: int
    code: str
    issuer_unit: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class StoredPacket:
    """A built packet: SHA-256 (hex) and size in bytes."""

    sha256: str
    size: int
    built_at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseLink:
    """A delegate's personal link."""

    link_id: str
    minutes_id: str
    delegate_id: str
    expires_at: datetime
    granted_at: datetime
    revoked_at: datetime | None


def actor(by: Subject | None) -> dict[str, Any] | None:
    """Who did it, as the tables and the ledger keep it."""
    return {"user": by.user_id, "name": by.name} if by is not None and by.user_id else None


def tidy_code(text: str) -> str:
    """A code as typed: case, spaces, dashes and look-alike letters forgiven."""
    return text.upper().translate(str.maketrans("OIL", "011", " -"))


def new_code() -> str:
    """A code that nobody guesses."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))


def add(conn: Connection, made: Minutes) -> None:
    conn.execute(insert(minutes).values(
        minutes_id=made.minutes_id, meeting_id=made.meeting_id, ord=made.ord, code=made.code,
        issuer_unit=made.issuer_unit, made_at=made.made_at))


def load(conn: Connection, minutes_id: str) -> Minutes:
    """Raises NotFound("not_found")."""
    return _one(conn.execute(select(minutes).where(minutes.c.minutes_id == minutes_id)).first())


def of_meeting(conn: Connection, meeting_id: str) -> Minutes | None:
    """The newest minutes of a meeting."""
    query = select(minutes).where(minutes.c.meeting_id == meeting_id).order_by(minutes.c.ord.desc()).limit(1)
    row = conn.execute(query).first()
    return _minutes(row) if row else None


def by_code(conn: Connection, code: str) -> Minutes:
    """Raises NotFound("not_found")."""
    return _one(conn.execute(select(minutes).where(minutes.c.code == tidy_code(code))).first())


def issued(conn: Connection, meeting_id: str) -> bool:
    """Whether the record of the meeting has been issued."""
    query = select(sign_round.c.round).join(minutes, minutes.c.minutes_id == sign_round.c.minutes_id).where(
        minutes.c.meeting_id == meeting_id, sign_round.c.state == "issued")
    return conn.execute(query).first() is not None


def add_version(conn: Connection, minutes_id: str, version: MinuteVersion, model: bytes) -> None:
    """Appends a version; `model` is the canonical JSON its sha256 stands for."""
    conn.execute(insert(minute_version).values(
        minutes_id=minutes_id, version=version.version, cause=version.cause.value,
        parent_sha256=version.parent_sha256, sha256=version.sha256, model=model.decode(),
        docx_sha256=version.docx_sha256, pdf_sha256=version.pdf_sha256, by=version.by, at=version.at,
    ))


def versions(conn: Connection, minutes_id: str) -> list[MinuteVersion]:
    """All versions in order, without their texts."""
    columns = [column for column in minute_version.c if column.name not in ("minutes_id", "model")]
    query = select(*columns).where(minute_version.c.minutes_id == minutes_id).order_by(minute_version.c.version)
    return [
        MinuteVersion(r.version, Cause(r.cause), r.parent_sha256, r.sha256, r.docx_sha256, r.pdf_sha256, r.by, r.at)
        for r in conn.execute(query)
    ]


def model(conn: Connection, minutes_id: str, version: int) -> str:
    """The canonical JSON of one version.  Raises NotFound("not_found")."""
    query = select(minute_version.c.model).where(
        minute_version.c.minutes_id == minutes_id, minute_version.c.version == version)
    found = conn.execute(query).scalar()
    if found is None:
        raise NotFound("not_found")
    return found


def add_packet(conn: Connection, minutes_id: str, sha256: str, size: int, at: datetime) -> None:
    conn.execute(insert(packet).values(minutes_id=minutes_id, sha256=sha256, size=size, built_at=at))


def packet_of(conn: Connection, minutes_id: str) -> StoredPacket | None:
    row = conn.execute(select(packet).where(packet.c.minutes_id == minutes_id)).first()
    return StoredPacket(row.sha256, row.size, row.built_at) if row else None


def add_link(conn: Connection, link: ReleaseLink, by: Subject) -> None:
    conn.execute(insert(release_link).values(
        link_id=link.link_id, minutes_id=link.minutes_id, delegate_id=link.delegate_id, expires_at=link.expires_at,
        granted_at=link.granted_at, granted_by=actor(by)))


def link(conn: Connection, link_id: str) -> ReleaseLink | None:
    row = conn.execute(select(release_link).where(release_link.c.link_id == link_id)).first()
    return _link(row) if row else None


def live_links(conn: Connection, minutes_id: str) -> list[ReleaseLink]:
    """Links that were not revoked; they may have expired."""
    query = select(release_link).where(release_link.c.minutes_id == minutes_id, release_link.c.revoked_at.is_(None))
    return [_link(row) for row in conn.execute(query.order_by(release_link.c.granted_at))]


def revoke_links(conn: Connection, minutes_id: str, delegate_id: str, at: datetime) -> int:
    """How many links ended by this."""
    return conn.execute(update(release_link).where(
        release_link.c.minutes_id == minutes_id, release_link.c.delegate_id == delegate_id,
        release_link.c.revoked_at.is_(None),
    ).values(revoked_at=at)).rowcount


def _one(row: Row[Any] | None) -> Minutes:
    if row is None:
        raise NotFound("not_found")
    return _minutes(row)


def _minutes(row: Row[Any]) -> Minutes:
    return Minutes(row.minutes_id, row.meeting_id, row.ord, row.code, row.issuer_unit, row.made_at)


def _link(row: Row[Any]) -> ReleaseLink:
    return ReleaseLink(
        row.link_id, row.minutes_id, row.delegate_id, row.expires_at, row.granted_at, row.revoked_at)
