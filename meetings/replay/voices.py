"""Replay of who was muted, freed and asked, of the lobby, the chat's mode, the picture that is large and the screen that is shared.  Pure."""

from __future__ import annotations

from dataclasses import asdict, replace

from meetings.ledger import Event
from meetings.replay.part import Part, Sections, point_of
from meetings.replay.speech import Speeches
from meetings.screens import Share
from meetings.voices import Chat, Lobby, Setting, Voice


class VoiceRules(Part):
    def __init__(self, speeches: Speeches) -> None:
        self.speeches = speeches
        self.setting = Setting()
        self.said: dict[int, Voice] = {}
        self.screen: Share | None = None

    def on_voice_muted(self, event: Event) -> None:
        self._say(Voice(point_of(event), True, event.at))

    def on_voice_freed(self, event: Event) -> None:
        """Where nothing else would silence it, the point is like everybody again."""
        if self.setting.all_muted or self.speeches.speaking:
            self._say(Voice(point_of(event), False, event.at))
        else:
            self.said.pop(point_of(event), None)

    def on_voice_asked(self, event: Event) -> None:
        own = self.said.get(point_of(event))
        self._say(Voice(point_of(event), own.muted if own else None, own.since if own else event.at, event.at))

    def on_voice_answered(self, event: Event) -> None:
        own = self.said[point_of(event)]
        if event.data["accepted"]:
            self._say(Voice(own.point_id, False, event.at))
        elif own.muted is None:
            del self.said[own.point_id]
        else:
            self._say(replace(own, asked_at=None))

    def on_room_muted(self, event: Event) -> None:
        self.setting = replace(self.setting, all_muted=True)
        if not event.data["opening"]:
            self.said.clear()

    def on_room_freed(self, _event: Event) -> None:
        self.setting = replace(self.setting, all_muted=False)
        self.said.clear()

    def on_stage_set(self, event: Event) -> None:
        self.setting = replace(self.setting, spotlight=point_of(event) if event.point else None)

    def on_sign_set(self, event: Event) -> None:
        self.setting = replace(self.setting, sign=point_of(event) if event.point else None)

    def on_screen_allowed(self, event: Event) -> None:
        self.setting = replace(self.setting, presenter=point_of(event) if event.point else None)

    def on_screen_shared(self, event: Event) -> None:
        self.screen = Share(point_of(event), event.at)

    def on_screen_ended(self, event: Event) -> None:
        """Whose screen the chair ended may share none without a right of its own."""
        self.screen = None
        if event.data["why"] == "chair" and self.setting.presenter == point_of(event):
            self.setting = replace(self.setting, presenter=None)

    def on_room_set(self, event: Event) -> None:
        data = event.data
        self.setting = replace(
            self.setting, lobby=Lobby(data.get("lobby", self.setting.lobby)), chat=Chat(data.get("chat", self.setting.chat)),
            muted_above=data.get("muted_above", self.setting.muted_above))

    def on_meeting_booked(self, event: Event) -> None:
        booked = {int(point["id"]) for point in event.data["points"]}
        self.said = {point: voice for point, voice in self.said.items() if point in booked}

    def sections(self) -> Sections:
        return {
            "setting": asdict(self.setting),
            "said": dict(self.said),
            "screen": {"shared": self.screen} if self.screen else {},
        }

    def _say(self, voice: Voice) -> None:
        self.said[voice.point_id] = voice
