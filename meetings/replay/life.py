"""Replay of what every meeting has: its state, people, seats, stays, programme and conclusions.  Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from meetings.agenda import AgendaItem
from meetings.ledger import Event
from meetings.replay.part import Part, Sections, point_of

PLAIN = ("title", "kind", "place")
POSTS = ("chair", "secretary", "division_head", "clerk")
NOT_BEGUN, RUNNING, OVER = "not begun", "running", "over"


class Life(Part):
    def __init__(self) -> None:
        self.meeting: dict[str, Any] = {}
        self.seats: dict[int, tuple[str, str, str]] = {}
        self.stays: dict[int, int] = {}
        self.here: set[int] = set()
        self.items: list[AgendaItem] = []
        self.item_is: dict[int, str] = {}
        self.conclusions: dict[int, str] = {}

    def on_meeting_created(self, event: Event) -> None:
        self.meeting = {"state": "draft", "opened": False, "closed": False, "leaders": ()}
        self._change({"agenda": [], **event.data})

    def on_meeting_changed(self, event: Event) -> None:
        self._change(event.data)

    def on_post_reassigned(self, event: Event) -> None:
        self.meeting[event.data["post"]] = event.data["to"]["id"]

    def on_meeting_booked(self, event: Event) -> None:
        self.seats = {int(point["id"]): (point["code"], point["name"], point["unit"]) for point in event.data["points"]}

    def on_meeting_convened(self, _event: Event) -> None:
        self.meeting["state"] = "convened"

    def on_meeting_opened(self, _event: Event) -> None:
        self.meeting |= {"state": "open", "opened": True}

    def on_meeting_suspended(self, _event: Event) -> None:
        self.meeting["state"] = "suspended"

    def on_meeting_resumed(self, _event: Event) -> None:
        self.meeting["state"] = "open"

    def on_meeting_closed(self, _event: Event) -> None:
        self.meeting |= {"state": "concluded", "closed": True}
        self.here.clear()

    def on_meeting_cancelled(self, _event: Event) -> None:
        self.meeting["state"] = "cancelled"
        self.here.clear()

    def on_point_joined(self, event: Event) -> None:
        point = point_of(event)
        self.here.add(point)
        self.stays[point] = self.stays.get(point, 0) + 1

    def on_point_left(self, event: Event) -> None:
        self.here.discard(point_of(event))

    def on_agenda_started(self, event: Event) -> None:
        self.item_is[event.data["item"]] = RUNNING

    def on_agenda_ended(self, event: Event) -> None:
        self.item_is[event.data["item"]] = OVER

    def on_conclusion_written(self, event: Event) -> None:
        self.conclusions[event.data["ord"]] = event.data["text"]

    def on_conclusion_removed(self, event: Event) -> None:
        del self.conclusions[event.data["ord"]]

    def sections(self) -> Sections:
        return {
            "meeting": dict(self.meeting),
            "seats": dict(self.seats),
            "presence": {point: (stays, point in self.here) for point, stays in self.stays.items()},
            "agenda": {one.item: (one.title, one.presenter, one.minutes, self.item_is.get(one.item, NOT_BEGUN)) for one in self.items},
            "conclusions": dict(self.conclusions),
        }

    def _change(self, data: Any) -> None:
        self.meeting |= {name: data[name] for name in PLAIN if name in data}
        self.meeting |= {name: datetime.fromisoformat(data[name]) for name in ("start", "end") if name in data}
        self.meeting |= {post: data[post]["id"] for post in POSTS if post in data}
        if "leaders" in data:
            self.meeting["leaders"] = tuple(person["id"] for person in data["leaders"])
        if "agenda" in data:
            self.items = items_of(data["agenda"])  # what was begun keeps its number (`agenda.rewritten`)


def items_of(told: Any) -> list[AgendaItem]:
    """The programme as an event tells it."""
    return [AgendaItem(one["item"], one["title"], one["presenter"], minutes=one.get("minutes")) for one in told]
