"""News of a meeting: the same bytes for all, a heartbeat when nothing happens, slow readers dropped, nothing lost else."""

import asyncio
import json

from web.feed import QUEUE, Feed, Listener, Point, frame


async def _take(listener: Listener, n: int) -> list[bytes]:
    found: list[bytes] = []
    async for data in listener.stream(beat=5):
        found.append(data)
        if len(found) == n:
            break
    return found


def test_a_frame_is_one_event_even_when_the_text_has_line_breaks() -> None:
    data = frame("state", {"title": "Dòng một\n\nevent: giả"})
    assert data.count(b"\n\n") == 1 and data.endswith(b"\n\n")
    name, body = data.decode().strip().split("\n")
    assert name == "event: state"
    assert json.loads(body.removeprefix("data: "))["title"] == "Dòng một\n\nevent: giả"


async def test_everybody_in_the_meeting_gets_the_very_same_bytes_and_nobody_else_gets_any() -> None:
    feed = Feed()
    listeners = [feed.listen("m1", str(n)) for n in range(5)]
    other = feed.listen("m2", "0")
    news = frame("state", {"v": 1})
    feed.publish("m1", news)
    got = [(await _take(listener, 1))[0] for listener in listeners]
    assert all(data is news for data in got)
    assert other.queue.empty()


async def test_news_for_one_point_reaches_its_pages_only() -> None:
    feed = Feed()
    mine, second, stranger, reader = (feed.listen("m", code) for code in ("a", "a", "b", None))
    feed.publish("m", b"x", to=Point("a"))
    assert [one.queue.qsize() for one in (mine, second, stranger, reader)] == [1, 1, 0, 0]


async def test_a_reader_that_does_not_keep_up_is_dropped_after_what_it_has_and_the_others_stay() -> None:
    feed = Feed()
    slow, quick = feed.listen("m", "a"), feed.listen("m", "b")
    for n in range(QUEUE + 5):
        feed.publish("m", str(n).encode())
        assert (await _take(quick, 1)) == [str(n).encode()]
    assert feed.dropped == 1 and feed.listeners("m") == 1
    assert [data async for data in slow.stream(beat=5)] == [str(n).encode() for n in range(QUEUE)]


async def test_a_quiet_line_beats() -> None:
    listener = Feed().listen("m", None)
    async with asyncio.timeout(2):
        async for data in listener.stream(beat=0.01):
            assert data == frame("beat", {})
            break


async def test_closing_ends_every_stream() -> None:
    feed = Feed()
    listener = feed.listen("m", None)
    feed.close()
    async with asyncio.timeout(2):
        assert [data async for data in listener.stream(beat=5)] == []
    feed.leave(listener)
    assert feed.listeners("m") == 0
