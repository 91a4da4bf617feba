"""Reads the facts of a meeting from its ledger events and from nothing else.

Pure.  It never queries a store, never looks at a clock.  service.py hands it the events.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from meetings.errors import Invalid
from meetings.ledger import Event
from meetings.people import GRACE
from minutes.facts import (
    AgendaFact,
    DelegateFact,
    DocumentFact,
    IssuingUnit,
    MinuteFacts,
    Person,
    PointFact,
    Span,
)
from minutes.layout import parse_utc
from minutes.reading_floor import FloorFold
from minutes.reading_people import PeopleFold
from minutes.reading_votes import AFTERWARDS, VotesFold


def facts_from_events(events: Iterable[Event]) -> MinuteFacts:
    """Facts of one meeting from its events in order of seq.

    Raises Invalid("minutes.no_meeting") when the events do not begin with a created meeting.  Events of kinds that
    the documents do not tell (numbers, signatures, links) are passed over, so drafting again gives the same facts.
    """
    fold = _Fold()
    for event in events:
        handler = getattr(fold, "on_" + event.kind.replace(".", "_"), None)
        late = fold.closed is not None and event.kind.startswith(AFTERWARDS)
        if handler and not late:
            handler(event)
            fold.last = event
    if fold.last is None or not fold.meeting:
        raise Invalid("minutes.no_meeting", field="meeting_id")
    return fold.facts()


def _person(data: Any) -> Person:
    data = data or {}
    return Person(str(data.get("id") or ""), data.get("name") or "", data.get("title") or "")


def _unit(data: Any) -> IssuingUnit:
    data = data or {}
    issuer = data.get("issuer") or ""
    issuer = "\n".join(issuer) if isinstance(issuer, (list, tuple)) else str(issuer)
    return IssuingUnit(str(data.get("id") or ""), data.get("name") or "", data.get("parent_name") or "", issuer)


def _span(start: datetime, end: datetime) -> Span:
    """A clock that was set back may not make a stretch end before it began."""
    return Span(start, max(start, end))


def _clip(spans: Iterable[Span], start: datetime, end: datetime) -> tuple[Span, ...]:
    cut = (Span(max(span.start, start), min(span.end, end)) for span in spans)
    return tuple(span for span in cut if span.start < span.end)


class _Fold(VotesFold, PeopleFold, FloorFold):
    """The running state while events are read; one `on_<kind>` for each kind that matters."""

    def __init__(self) -> None:
        super().__init__()
        self.last: Event | None = None
        self.meeting: dict[str, Any] = {}
        self.booked: dict[int, dict[str, Any]] = {}
        self.opened: datetime | None = None
        self.paused_at: datetime | None = None
        self.pauses: list[Span] = []
        self.item_since: datetime | None = None
        self.titles: dict[int, str] = {}
        self.item_spans: dict[int, list[Span]] = {}
        self.inside: dict[int, list[datetime]] = {}       # point -> joins not yet left (a second device may join)
        self.spans: dict[int, list[Span]] = {}
        self.conclusions: dict[int, str] = {}
        self.documents: dict[str, DocumentFact] = {}

    # ---- the meeting itself
    def on_meeting_created(self, event: Event) -> None:
        self.meeting = dict(event.data)

    def on_meeting_changed(self, event: Event) -> None:
        self.meeting.update(event.data)

    def on_meeting_booked(self, event: Event) -> None:
        self.booked = {int(point["id"]): dict(point) for point in event.data["points"]}

    def on_meeting_convened(self, event: Event) -> None:
        """Only moves the end of the chain read."""

    def on_meeting_opened(self, event: Event) -> None:
        self.opened = event.at

    def on_meeting_suspended(self, event: Event) -> None:
        self.paused_at = event.at

    def on_meeting_resumed(self, event: Event) -> None:
        if self.paused_at is not None:
            self.pauses.append(_span(self.paused_at, event.at))
        self.paused_at = None

    def on_meeting_closed(self, event: Event) -> None:
        self.closed = event.at
        self._end_item(event.at)
        self._end_floor(event.at)
        self.on_meeting_resumed(event)

    # ---- agenda
    def on_agenda_started(self, event: Event) -> None:
        self._end_item(event.at)
        self.item, self.item_since = int(event.data["item"]), event.at
        self.titles.setdefault(self.item, event.data.get("title") or "")

    def on_agenda_ended(self, event: Event) -> None:
        self._end_item(event.at)

    def _end_item(self, at: datetime) -> None:
        if self.item is not None and self.item_since is not None:
            self.item_spans.setdefault(self.item, []).append(_span(self.item_since, at))
        self.item = self.item_since = None

    # ---- presence
    def on_point_joined(self, event: Event) -> None:
        if event.point:
            point_id = int(event.point["id"])
            self.booked.setdefault(point_id, dict(event.point))
            self.inside.setdefault(point_id, []).append(event.at)

    def on_point_left(self, event: Event) -> None:
        joins = self.inside.get(int(event.point["id"])) if event.point else None
        if joins:
            since = joins.pop(0)
            if joins:          # another device of the point is still there: the stretch goes on
                joins[0] = since
            else:
                self.spans.setdefault(int(event.point["id"]), []).append(Span(since, event.at))

    # ---- conclusions, papers
    def on_conclusion_written(self, event: Event) -> None:
        self.conclusions[int(event.data["ord"])] = event.data["text"]

    def on_conclusion_removed(self, event: Event) -> None:
        self.conclusions.pop(int(event.data["ord"]), None)

    def on_document_added(self, event: Event) -> None:
        self.documents[str(event.data["document"])] = DocumentFact(event.data["name"], event.data["sha256"])

    on_document_accepted = on_document_added

    def on_document_replaced(self, event: Event) -> None:
        """The newer version stands where the older one stood."""
        old, new = str(event.data["replaces"]), str(event.data["document"])
        fact = DocumentFact(event.data["name"], event.data["sha256"])
        self.documents = {new if known == old else known: fact if known == old else held for known, held in self.documents.items()}

    def on_document_withdrawn(self, event: Event) -> None:
        self.documents.pop(str(event.data["document"]), None)

    # ---- the result
    def facts(self) -> MinuteFacts:
        last, data = self.last, self.meeting
        assert last is not None
        return MinuteFacts(
            meeting_id=last.meeting_id or "", title=data["title"], kind=data.get("kind") or "conference",
            start=parse_utc(data["start"]), end=parse_utc(data["end"]), unit=_unit(data.get("unit")),
            chair=_person(data.get("chair")), secretary=_person(data.get("secretary")),
            division_head=_person(data.get("division_head")), clerk=_person(data.get("clerk")),
            place=data.get("place") or "", agenda=self._agenda(), points=self._points(), opened=self.opened,
            closed=self.closed, pauses=tuple(self.pauses), floors=tuple(self.floors),
            votes=self.all_votes(), conclusions=tuple(text for _, text in sorted(self.conclusions.items())),
            documents=tuple(self.documents.values()), delegates=self._people(),
            seq=last.seq, hash=last.hash, at=last.at, rolls=tuple(self.rolls), heads=sum(self.heads.values()),
        )

    def _people(self) -> tuple[DelegateFact, ...]:
        return self.people({str(point.get("code") or ""): point.get("name") or "" for point in self.booked.values()})

    def _agenda(self) -> tuple[AgendaFact, ...]:
        planned = {int(line["item"]): AgendaFact(int(line["item"]), line["title"], line.get("presenter") or "")
                   for line in self.meeting.get("agenda") or ()}
        for item, title in self.titles.items():
            planned.setdefault(item, AgendaFact(item, title))
        return tuple(replace(fact, spans=tuple(self.item_spans.get(item, ())))
                     for item, fact in sorted(planned.items()))

    def _points(self) -> tuple[PointFact, ...]:
        return tuple(self._point(point_id, data) for point_id, data in self.booked.items())

    def _point(self, point_id: int, data: Mapping[str, Any]) -> PointFact:
        unit, level = data.get("unit") or "", data.get("level") or ""
        unit = unit.get("name", "") if isinstance(unit, Mapping) else str(unit)
        fact = PointFact(point_id, str(data.get("code") or ""), data.get("name") or "", unit, str(level))
        if self.opened is None or self.last is None:
            return fact
        end = self.closed or self.last.at
        open_joins = [Span(since, end) for since in self.inside.get(point_id, ())[:1] if since < end]
        spans = _clip([*self.spans.get(point_id, ()), *open_joins], self.opened, end)
        if not spans:
            return fact
        return replace(fact, spans=spans, late=spans[0].start > self.opened + GRACE,
                       early=spans[-1].end < end - GRACE)
