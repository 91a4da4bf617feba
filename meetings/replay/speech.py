"""Replay of who waits, speaks and is paused, of their clocks, and of what each unit has used of its time.  Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from meetings import agenda, speech
from meetings.ledger import Event
from meetings.replay.life import Life, items_of
from meetings.replay.part import Part, Sections, point_of
from meetings.speech import LANES, LIVE, Kind, Speech, Standing, Times


class Speeches(Part):
    """Reads the programme and the seats from `life`, which takes each event after this part."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.entries: dict[int, Speech] = {}
        self.times = Times()
        self.since: datetime | None = None

    @property
    def speaking(self) -> Speech | None:
        return self._one(Standing.SPEAKING)

    @property
    def queue(self) -> tuple[Speech, ...]:
        return speech.queue(self.entries.values())

    def on_hand_raised(self, event: Event) -> None:
        self._add(event, Kind.CONTRIBUTION, Standing.WAITING)

    def on_speech_asked(self, event: Event) -> None:
        self._add(event, Kind(event.data["kind"]), Standing.WAITING)

    def on_hand_lowered(self, event: Event) -> None:
        if event.data.get("why") != "floor":
            self._set(self._entry(event), standing=Standing.WITHDRAWN)

    def on_speech_withdrawn(self, event: Event) -> None:
        self._set(event.data["entry"], standing=Standing.WITHDRAWN)

    def on_speech_declined(self, event: Event) -> None:
        self._set(event.data["entry"], standing=Standing.DECLINED)

    def on_hands_lowered(self, _event: Event) -> None:
        for one in self.queue:
            self._set(one.entry, standing=Standing.WITHDRAWN)

    def on_speech_ordered(self, event: Event) -> None:
        for entry, (lane, place) in speech.moved(self.queue, event.data["entry"], event.data["before"]).items():
            self._set(entry, lane=lane, place=place)

    def on_speech_timed(self, event: Event) -> None:
        self.times = Times(**event.data)

    def on_floor_given(self, event: Event) -> None:
        entry = event.data.get("entry")
        if entry is None:
            entry = event.seq
            self._add(event, Kind(event.data.get("kind", "contribution")), Standing.SPEAKING)
        self._begin(entry, event, limit_s=event.data.get("limit_s"))

    def on_floor_continued(self, event: Event) -> None:
        self._begin(event.data["entry"], event)

    def on_floor_paused(self, event: Event) -> None:
        self._set(event.data["entry"], standing=Standing.PAUSED, spoken_ms=event.data["spoken_ms"], began_at=None)
        self.since = None

    def on_floor_taken(self, event: Event) -> None:
        one = self.entries[self._entry(event)]
        spoken = event.data.get("spoken_ms", one.spoken(event.at))
        self.since = None if one.standing is Standing.SPEAKING else self.since
        self._set(one.entry, standing=Standing.DONE, spoken_ms=spoken, began_at=None)

    def on_floor_limited(self, event: Event) -> None:
        self._set(event.data["entry"], limit_s=event.data["limit_s"])

    def on_meeting_suspended(self, event: Event) -> None:
        if one := self.speaking:
            self._set(one.entry, spoken_ms=one.spoken(event.at), began_at=None)

    def on_meeting_resumed(self, event: Event) -> None:
        if one := self.speaking:
            self._set(one.entry, began_at=one.began_at or event.at)

    def on_meeting_closed(self, _event: Event) -> None:
        for one in list(self.entries.values()):
            if one.standing in LIVE:
                self._set(one.entry, standing=Standing.LAPSED, began_at=None)

    on_meeting_cancelled = on_meeting_closed

    def on_meeting_changed(self, event: Event) -> None:
        if "agenda" in event.data:
            moved = agenda.followed(self.life.items, items_of(event.data["agenda"]))
            for one in self.queue:
                if one.item is not None:
                    self._set(one.entry, item=moved.get(one.item))

    def sections(self) -> Sections:
        spoken: dict[str, int] = {}
        for one in self.entries.values():
            if one.kind is Kind.CONTRIBUTION and one.spoken_ms and one.point_id in self.life.seats:
                unit = self.life.seats[one.point_id][2]
                spoken[unit] = spoken.get(unit, 0) + one.spoken_ms
        hands: dict[int, datetime] = {}
        for one in self.queue:
            if one.kind is Kind.CONTRIBUTION:
                hands[one.point_id] = min(hands.get(one.point_id, one.asked_at), one.asked_at)
        return {
            "queue": {"order": tuple(one.entry for one in self.queue)},
            "speeches": dict(self.entries),
            "floor": {"point": self.speaking.point_id, "since": self.since} if self.speaking else {},
            "hands": dict(hands),
            "times": dict(self.times.as_data()),
            "used": dict(spoken),
        }

    def _add(self, event: Event, kind: Kind, standing: Standing) -> None:
        person = (event.data.get("person") or {}) if standing is Standing.WAITING else {}
        self.entries[event.seq] = Speech(
            event.seq, point_of(event), kind, standing, LANES[kind], event.seq, event.at, person.get("id", ""), person.get("name", ""),
            event.data.get("item") if standing is Standing.WAITING else None, event.data.get("note", ""))

    def _begin(self, entry: int, event: Event, **more: Any) -> None:
        self._set(entry, standing=Standing.SPEAKING, began_at=event.at, **more)
        self.since = event.at

    def _set(self, entry: int, **values: Any) -> None:
        self.entries[entry] = replace(self.entries[entry], **values)

    def _one(self, standing: Standing) -> Speech | None:
        return next((one for one in self.entries.values() if one.standing is standing), None)

    def _entry(self, event: Event) -> int:
        """Records of before a queue name the point alone."""
        if "entry" in event.data:
            return int(event.data["entry"])
        wanted = Standing.WAITING if event.kind == "hand.lowered" else Standing.SPEAKING
        return next(one.entry for one in self.entries.values() if one.standing is wanted and one.point_id == point_of(event))
