"""What a reader of the line in time may ask for: topics, each the kinds with certain first words.  Pure; `web.course` reads it."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_

TOPICS: Mapping[str, tuple[str, frozenset[str]]] = {
    "life": (N_("Tiến trình cuộc họp"), frozenset({"meeting", "agenda"})),
    "speech": (N_("Phát biểu"), frozenset({"hand", "hands", "speech", "floor"})),
    "votes": (N_("Biểu quyết"), frozenset({"motion", "ballot", "count", "slip"})),
    "papers": (N_("Tài liệu, trình chiếu"), frozenset({"document", "page", "screen"})),
    "results": (N_("Kết luận, biên bản"), frozenset({"conclusion", "minutes", "number", "packet", "post", "release"})),
    "people": (N_("Đại biểu, điểm danh"), frozenset({"person", "delegate", "delegates", "heads", "roll"})),
    "points": (N_("Điểm cầu vào, rời; đường truyền"), frozenset({"point", "line", "link"})),
    "voices": (N_("Tiếng, hình, tin nhắn"), frozenset({"voice", "room", "stage", "chat", "captions", "private", "sign"})),
    "recording": (N_("Ghi hình"), frozenset({"recording"})),
}
OTHER = "other"
OTHER_NAME = N_("Việc khác")

_OF = {word: topic for topic, (_name, words) in TOPICS.items() for word in words}


def topic_of(kind: str) -> str:
    """The topic of a kind, by its first word; what is none of them stands under `OTHER`."""
    return _OF.get(kind.partition(".")[0], OTHER)


def name_of(topic: str) -> str:
    """In Vietnamese, for the catalogue."""
    return TOPICS[topic][0] if topic in TOPICS else OTHER_NAME
