"""Control socket: codec, errors that travel, a worker that ends when nobody holds it."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import control
from media.control import MediaClient, decode, encode
from media.errors import BadSdp, Gone, MediaError
from media.limits import EVENT_QUEUE, MAX_LINE, MAX_SDP
from tests.media.clients import ROOT, worker


@given(st.binary(max_size=200))
def test_any_line_is_an_object_or_an_error(line: bytes) -> None:
    try:
        assert isinstance(decode(line), dict)
    except MediaError as error:
        assert error.code == "control.syntax"


def test_a_line_beyond_the_limit_is_not_sent() -> None:
    with pytest.raises(MediaError):
        encode({"x": "y" * MAX_LINE})


def test_deep_nesting_is_an_error_not_a_crash() -> None:
    with pytest.raises(MediaError):
        decode(b"[" * 200_000)


async def test_errors_travel_with_their_kind_and_nothing_ends_the_worker(tmp_path: Path) -> None:
    async with worker(tmp_path) as (client, _, process):
        for text in ("", "garbage", "v=0\r\n", "x" * (1 << 20), "v=0\r\n" + "a=" + "y" * MAX_SDP):
            with pytest.raises(BadSdp):
                await client.publish("room", "s", "A", text)
            with pytest.raises(BadSdp):
                await client.subscribe("room", "s", "A", text)
        with pytest.raises(MediaError):
            await client.publish("", "s", "A", "x")
        assert await client.close("nobody") is False
        await client.close_room("nowhere")
        await client.policy("room", ["A"], ["A"])
        assert set((await client.stats())["counters"].values()) == {0}
        assert process.returncode is None


async def test_a_second_controller_that_talks_nonsense_disturbs_nobody(tmp_path: Path) -> None:
    async with worker(tmp_path) as (client, _, process):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "m.sock"))
        for line in (b"\n", b"{}\n", b"[1]\n", b'{"v":99,"id":1,"op":"stats"}\n', b'{"v":1,"id":2,"op":"publish"}\n',
                     b'{"v":1,"id":3,"op":"policy","room":"r","heard":7,"stage":[]}\n', b"\xff\xfe\n"):
            writer.write(line)
        answers = [json.loads(await reader.readline()) for _ in range(7)]
        assert all("error" in answer for answer in answers)
        writer.write(b"x" * (MAX_LINE + 10))
        assert await reader.read() == b"", "a line without end costs the connection"
        writer.close()
        assert (await client.stats())["peers"] == 0 and process.returncode is None


async def test_the_worker_ends_when_its_controller_is_gone_and_calls_say_so(tmp_path: Path) -> None:
    async with worker(tmp_path) as (client, _, process):
        process.send_signal(signal.SIGTERM)
        assert [event async for event in client.events()] == []
        with pytest.raises(Gone):
            await client.stats()
    assert process.returncode == 0 and not (tmp_path / "m.sock").exists()
    with pytest.raises(Gone):
        await MediaClient.connect(tmp_path / "m.sock")


async def test_a_worker_that_hangs_answers_nobody_and_every_call_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "CALL_TIME", 0.5)
    async with worker(tmp_path) as (client, _, process):
        process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(Gone):
                await client.stats()
        finally:
            process.send_signal(signal.SIGCONT)
        monkeypatch.setattr(control, "CALL_TIME", 10.0)
        assert (await client.stats())["peers"] == 0, "an answer that came too late disturbs no later call"


async def test_of_too_much_news_only_old_slots_are_forgotten(tmp_path: Path) -> None:
    told = [{"event": "up", "session": "first"}]
    told += [{"event": "slots", "session": "s", "slots": number} for number in range(EVENT_QUEUE + 5)]
    told += [{"event": "down", "session": "last"}]

    async def tell(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(encode(event) for event in told))
        writer.close()

    async with await asyncio.start_unix_server(tell, path=str(tmp_path / "m.sock")):
        client = await MediaClient.connect(tmp_path / "m.sock")
        with pytest.raises(Gone):
            await client.stats()  # all of it has arrived, and nobody has listened yet
        kept = [event async for event in client.events()]
        await client.aclose()
    assert kept[0] == told[0] and kept[1:] == told[-EVENT_QUEUE + 1:] and len(kept) == EVENT_QUEUE


async def test_the_worker_ends_when_its_parent_dies(tmp_path: Path) -> None:
    import sys
    parent = await asyncio.create_subprocess_exec("sleep", "60")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", "--socket", str(tmp_path / "m.sock"), "--parent", str(parent.pid),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(10):
        assert await process.wait() == 0


async def test_a_taken_port_or_socket_is_said_in_plain_words(tmp_path: Path) -> None:
    import sys
    async with worker(tmp_path) as (_, port, _process):
        for arguments in (["--socket", str(tmp_path / "m.sock")], ["--socket", str(tmp_path / "n.sock"), "--port", str(port)]):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "media", *arguments, cwd=ROOT, stderr=asyncio.subprocess.PIPE
            )
            _, told = await process.communicate()
            assert process.returncode == 1 and b"cannot start" in told and b"Traceback" not in told
