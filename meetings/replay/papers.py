"""Replay of papers and of the page that all see; of recordings; of messages, whose text no event tells.  Pure."""

from __future__ import annotations

from typing import Any

from meetings.ledger import Event
from meetings.replay.part import Part, Sections


class Papers(Part):
    def __init__(self) -> None:
        self.papers: dict[str, tuple[str, str, str, str | None, str | None, str | None]] = {}
        self.shown: dict[str, Any] = {}

    def on_document_added(self, event: Event) -> None:
        self._enter(event, "in")

    def on_document_offered(self, event: Event) -> None:
        self._enter(event, "offered")

    def on_document_replaced(self, event: Event) -> None:
        self._move(event.data["replaces"], "replaced")
        self._enter(event, "in", event.data["replaces"])

    def on_document_withdrawn(self, event: Event) -> None:
        self._move(event.data["document"], "withdrawn")

    def on_document_accepted(self, event: Event) -> None:
        self._move(event.data["document"], "in")

    def on_document_refused(self, event: Event) -> None:
        self._move(event.data["document"], "refused", event.data["reason"] or None)

    def on_document_shown(self, event: Event) -> None:
        self.shown = {"document": event.data["document"], "page": event.data["page"]}

    on_page_shown = on_document_shown

    def on_document_hidden(self, _event: Event) -> None:
        self.shown = {}

    def sections(self) -> Sections:
        return {"papers": dict(self.papers), "shown": dict(self.shown)}

    def _enter(self, event: Event, state: str, replaces: str | None = None) -> None:
        data = event.data
        person = (event.actor or {}).get("person") if state == "offered" else None
        self.papers[data["document"]] = (data["name"], data["sha256"], state, replaces, person, None)

    def _move(self, document: str, state: str, reason: str | None = None) -> None:
        """What is taken away is shown no longer."""
        name, sha256, _state, replaces, person, _reason = self.papers[document]
        self.papers[document] = (name, sha256, state, replaces, person, reason)
        if state in ("replaced", "withdrawn") and self.shown.get("document") == document:
            self.shown = {}


class Recordings(Part):
    def __init__(self) -> None:
        self.recordings: dict[str, dict[str, Any]] = {}

    def on_recording_started(self, event: Event) -> None:
        self.recordings[event.data["recording"]] = {
            "purpose": event.data["purpose"], "paused": False, "reason": None, "kept": False, "deleted": None, "erased": False}

    def on_recording_paused(self, event: Event) -> None:
        self._set(event, paused=True)

    def on_recording_resumed(self, event: Event) -> None:
        """After a restart of the server it was not paused."""
        self._set(event, paused=False)

    def on_recording_ended(self, event: Event) -> None:
        self._set(event, reason=event.data["reason"])

    def on_recording_kept(self, event: Event) -> None:
        self._set(event, kept=True)

    def on_recording_deleted(self, event: Event) -> None:
        self._set(event, deleted=event.data["reason"])

    def on_recording_erased(self, event: Event) -> None:
        self._set(event, erased=True)

    def sections(self) -> Sections:
        return {"recordings": {key: tuple(one.values()) for key, one in self.recordings.items()}}

    def _set(self, event: Event, **values: Any) -> None:
        self.recordings[event.data["recording"]] |= values


class Messages(Part):
    def __init__(self) -> None:
        self.messages: dict[tuple[str, int], str] = {}

    def on_chat_said(self, event: Event) -> None:
        self.messages["room", event.data["message"]] = "held" if event.data.get("held") else "said"

    def on_chat_passed(self, event: Event) -> None:
        self.messages["room", event.data["message"]] = "said"

    def on_chat_hidden(self, event: Event) -> None:
        self.messages["room", event.data["message"]] = "hidden"

    def on_chat_erased(self, event: Event) -> None:
        self.messages["room", event.data["message"]] = "erased"

    def on_private_said(self, event: Event) -> None:
        self.messages["private", event.data["message"]] = "said"

    def on_private_erased(self, _event: Event) -> None:
        self.messages |= {key: "erased" for key in self.messages if key[0] == "private"}

    def sections(self) -> Sections:
        return {"messages": dict(self.messages)}
