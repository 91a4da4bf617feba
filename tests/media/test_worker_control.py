"""A worker and controllers that are slow or get lost: meetings go on."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from media.control import MediaClient
from media.errors import MediaError
from media.limits import MAX_LINE, RECONNECT_WAIT, SLOW_READER, UNREAD
from media.port import open_sockets
from media.sfu import Sfu
from media.worker import RECORDER_SILENCE, Worker


@asynccontextmanager
async def running(path: Path, port: int | None = 0) -> AsyncIterator[Worker]:
    """A worker in this process that listens at ``path``."""
    worker = Worker(lambda tell, port: Sfu(open_sockets(port, ["127.0.0.1"]), ["127.0.0.1"], tell), port)
    server = await asyncio.start_unix_server(worker.serve, path=str(path), limit=MAX_LINE)
    try:
        yield worker
    finally:
        server.close()
        worker.shut()


async def controller(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that the worker has noticed."""
    reader, writer = await asyncio.open_unix_connection(str(path), limit=MAX_LINE)
    writer.write(b"{}\n")
    await reader.readline()
    return reader, writer


def slots(session: str, number: int) -> dict[str, Any]:
    return {"event": "slots", "session": session, "number": number, "padding": "x" * 200}


async def until(worker: Worker, alone: bool) -> None:
    async with asyncio.timeout(5):
        while bool(worker._writers) is alone:
            await asyncio.sleep(0.005)


async def test_a_slow_controller_gets_the_newest_slots_and_everything_that_must_not_be_missed(tmp_path: Path) -> None:
    async with running(tmp_path / "s") as worker:
        reader, writer = await controller(tmp_path / "s")
        transport = next(iter(worker._writers)).transport
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        for number in range(20_000):
            worker._tell(slots(f"s{number % 3}", number))
        worker._tell({"event": "up", "session": "new"})
        worker._tell({"event": "down", "session": "s2"})
        assert not worker.ended.is_set() and transport.get_write_buffer_size() < 2 * SLOW_READER
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        told: list[dict[str, Any]] = []
        async with asyncio.timeout(10):
            while not {("s0", 19_998), ("s1", 19_999)} <= {(event["session"], event.get("number")) for event in told[-20:]}:
                if transport.get_write_buffer_size() == 0:
                    worker.look()
                told.append(json.loads(await reader.readline()))
        assert {("up", "new"), ("down", "s2")} <= {(event["event"], event["session"]) for event in told}
        assert told[-1]["session"] != "s2" and len(told) < 10_000, "news of who went are not followed by older ones"
        writer.close()


async def test_a_picture_that_stood_still_costs_a_slow_controller_no_other_news_of_that_session(tmp_path: Path) -> None:
    async with running(tmp_path / "s") as worker:
        reader, writer = await controller(tmp_path / "s")
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        transport = next(iter(worker._writers)).transport
        while transport.get_write_buffer_size() <= SLOW_READER:
            worker._tell({"event": "up", "session": "others", "padding": "x" * 200})
        for number in range(2):
            worker._tell(slots("s", number))
            worker._tell({"event": "wanted", "session": "s", "number": number})
        for event in ("frozen", "thawed", "up"):
            worker._tell({"event": event, "session": "s"})
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        told: list[tuple[str, Any]] = []
        async with asyncio.timeout(10):
            while len(told) < 5:
                if transport.get_write_buffer_size() == 0:
                    worker.look()
                event = json.loads(await reader.readline())
                told += [(event["event"], event.get("number"))] if event["session"] == "s" else []
        assert told == [("frozen", None), ("thawed", None), ("up", None), ("slots", 1), ("wanted", 1)]
        writer.close()


async def test_a_controller_that_reads_nothing_at_all_is_dropped_and_the_meetings_wait_for_another(tmp_path: Path) -> None:
    async with running(tmp_path / "s") as worker:
        _, writer = await controller(tmp_path / "s")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        transport = next(iter(worker._writers)).transport
        for number in range(10 * UNREAD // 200):
            worker._tell({"event": "up", "session": f"s{number}", "padding": "x" * 200})
            assert transport.get_write_buffer_size() < UNREAD + 300
        await until(worker, alone=True)
        worker.look()
        assert not worker.ended.is_set()
        _, another = await controller(tmp_path / "s")
        worker._patience = 0.0
        worker.look()
        assert not worker.ended.is_set(), "somebody holds it again"
        another.close()
        await asyncio.wait_for(worker.ended.wait(), 5)  # hung up: nobody wants it any more
        writer.close()


async def test_what_recorders_report_is_told_together_until_they_fall_silent(tmp_path: Path) -> None:
    async with running(tmp_path / "s") as worker:
        client = await MediaClient.connect(tmp_path / "s")
        assert (await client.stats(""))["recorder"] == {}
        await client.recorder("rec-1", 1000, 0, 2.5)
        await client.recorder("rec-2", 500, 1, 7.0)
        await client.recorder("rec-2", 700, 2, 4.0)
        assert (await client.stats(""))["recorder"] == {"count": 2, "bytes": 1700, "gaps": 2, "fsync_ms": 4.0}
        with pytest.raises(MediaError, match=r"control\.syntax"):
            await client._call("recorder", session="rec-3", bytes="many", gaps=0, fsync_ms=0)
        worker._recorders = {name: (at - RECORDER_SILENCE, told) for name, (at, told) in worker._recorders.items()}
        assert (await client.stats(""))["recorder"] == {}
        await client.aclose()


async def test_a_spare_does_nothing_until_it_is_given_a_port_and_says_what_is_wrong_with_one(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        async with running(tmp_path / "s", port=None) as worker:
            client = await MediaClient.connect(tmp_path / "s")
            assert (await client.hello())["port"] == 0
            for call in (client.stats(""), client.close("x"), client.policy("room", None, [])):
                with pytest.raises(MediaError, match=r"worker\.spare"):
                    await call
            with pytest.raises(MediaError, match=r"worker\.port"):
                await client.listen(taken.getsockname()[1])
            port = await client.listen(0)
            assert port == worker.port == (await client.hello())["port"] > 0
            with pytest.raises(MediaError, match=r"worker\.listens"):
                await client.listen(0)
            load = (await client.stats(""))["load"]
            assert load.keys() == {"packets_per_s", "cpu", "lag_ms"}
            await client.aclose()


async def test_a_worker_that_nobody_comes_back_to_ends(tmp_path: Path) -> None:
    async with running(tmp_path / "s") as worker:
        _, writer = await controller(tmp_path / "s")
        writer.write(b"x" * (MAX_LINE + 10))
        await until(worker, alone=True)
        worker.look()
        assert not worker.ended.is_set()
        worker._patience -= RECONNECT_WAIT
        worker.look()
        assert worker.ended.is_set()
        writer.close()
