"""The register of outgoing documents in its ten columns, as the register book prints them.

Texts only, from what `minutes.register` keeps: what nobody told the system (who received a paper copy) stays blank for
the hand.  Called by `web/routes/minutes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from minutes import layout
from minutes.register import Entry
from web.i18n import _

KEPT = "Lưu:"


@dataclass(frozen=True, slots=True)
class Line:
    """One number.  `day` is the day of issue, None before it and for a voided number."""

    number: str
    day: datetime | None
    title: str
    href: str
    signer: str
    recipients: tuple[str, ...]
    kept_by: str
    copies: str
    note: str
    state: str


def lines(entries: Sequence[Entry], hurried: Mapping[str, str]) -> list[Line]:
    """`hurried`: meeting → why it was told of late, which stands beside its invitation."""
    return [_line(entry, hurried.get(entry.meeting_id or "", "")) for entry in entries]


def _line(entry: Entry, hurry: str) -> Line:
    number = entry.number
    issued = entry.state == "issued"
    named = [line.strip().rstrip(".;") for line in entry.recipients.split("\n") if line.strip()]
    minutes = number.series == "BB"
    note = _("Đã hủy: {reason}", reason=entry.reason) if entry.reason else "" if issued else _("Đang trình ký")
    if hurry and number.series == "GM":
        note = "; ".join(filter(None, (note, _("Mời gấp: {reason}", reason=hurry))))
    return Line(
        number=layout.document_number(number.number, number.symbol).removeprefix("Số: "),
        day=entry.settled_at if issued else None, title=entry.summary,
        href=f"/meetings/{entry.meeting_id}{'/minutes' if minutes else ''}" if entry.meeting_id else "",
        signer=entry.signer, recipients=tuple(line for line in named if not line.startswith(KEPT)),
        kept_by="; ".join(line.removeprefix(KEPT).strip() for line in named if line.startswith(KEPT)),
        # The signed file is one; how many papers were printed of an invitation, the clerk writes.
        copies=_("01 (điện tử)") if issued and minutes else "", note=note, state=entry.state,
    )
