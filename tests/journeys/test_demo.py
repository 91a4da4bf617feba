"""The demonstration as a newcomer starts it: a process, what it prints, a browser at a printed link, Ctrl+C; then once more.

The second start is on the same folder and for other computers (`--lan`), by TLS.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import ssl
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.journeys.visitors import Visitor
from tests.support.installation import soon
from web.bootstrap import ROOT
from web.commands.doctor import own_addresses
from web.rehearsal.people import Person
from web.rehearsal.stage import children

READY_S, END_S = 90.0, 20.0
LAST = "không có giá trị pháp lý"
URL = re.compile(r"đang chạy tại (\S+)")
ACCOUNT = re.compile(r"^  (\S.{15}) (\S+) +(\S+)   (.+)$", re.MULTILINE)
LINK = re.compile(r"^  (\S.*?)  +(.+): (\S+/j/\S+)$", re.MULTILINE)
MEETING = re.compile(r"/meetings/([0-9a-f-]{36})")

# The pictures that come in, each as the colours of a few of its points.
PICTURES = """() => {
  const tracks = window.diemcau.slots.filter((one) => one.kind === "video" && one.name)
    .flatMap((one) => one.stream.getVideoTracks());
  return [...document.querySelectorAll("video")]
    .filter((one) => one.videoWidth && one.srcObject?.getVideoTracks().some((track) => tracks.includes(track)))
    .map((one) => {
      const draw = Object.assign(document.createElement("canvas"), { width: 16, height: 9 }).getContext("2d");
      draw.drawImage(one, 0, 0, 16, 9);
      return [...draw.getImageData(0, 0, 16, 9).data].join();
    });
}"""


@dataclass
class Demo:
    """One running demonstration and what it printed until it was ready."""

    process: Process
    said: str

    @property
    def url(self) -> str:
        return URL.findall(self.said)[0]

    @property
    def passwords(self) -> dict[str, str]:
        return {login: password for _role, login, password, _name in ACCOUNT.findall(self.said)}

    @property
    def links(self) -> list[str]:
        return [url for _level, _name, url in LINK.findall(self.said)]

    async def rest(self) -> str:
        assert self.process.stdout is not None
        return (await self.process.stdout.read()).decode()


def _heeds_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts with & does not


@asynccontextmanager
async def demonstration(folder: Path, *options: str) -> AsyncIterator[Demo]:
    """Started as a person starts it; ended by the signal of Ctrl+C, and everything it started with it."""
    log = folder.with_suffix(".log")
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "web", "demo", "--no-browser", "--data", str(folder), "--port", "0", *options,
            stdout=PIPE, stderr=errors, cwd=ROOT, preexec_fn=_heeds_ctrl_c)
    try:
        assert process.stdout is not None
        said = ""
        async with asyncio.timeout(READY_S):
            while LAST not in said:
                line = (await process.stdout.readline()).decode()
                assert line, log.read_text()
                said += line
        yield Demo(process, said)
        started = children(process.pid)
        relays = max(1, len(os.sched_getaffinity(0)) - 1)
        assert len(started) == relays + 2, "the relays, one to spare, and the synthetic points"
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(END_S):
            assert await process.wait() == 130, "as a shell expects of Ctrl+C"
        await soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started), END_S)
        assert "Traceback" not in log.read_text(), log.read_text()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.browser
async def test_the_demonstration_is_what_it_says_and_starts_again_for_other_computers(
    chromium: Browser, tmp_path: Path
) -> None:
    folder = tmp_path / "demo"
    async with demonstration(folder, "--points", "3") as first:
        assert set(first.passwords) == {"thuky", "truongphong", "chutoa", "vanthu", "canboxa", "kythuat", "quantri"}
        assert len(first.links) == 4, "one for each level"
        meeting = MEETING.findall(first.said)[0]
        secretary = Person(first.url, "thuky", first.passwords["thuky"])
        await secretary.sign_in()
        assert "phòng, chống bão" in (await secretary.get(f"/meetings/{meeting}")).text
        await secretary.close()
        visitor = await Visitor.arrive(chromium, first.links[2], "", 700, 130)
        seen: set[str] = set()
        await soon(lambda: _moving(visitor, seen), 40)
        await soon(lambda: _pictures(visitor, 3), 40)
        await visitor.leave()

    address = next(iter(one for one in own_addresses() if ":" not in one), None)
    assert address, "a machine without any network cannot serve others"
    async with demonstration(folder, "--points", "1", "--lan") as second:
        assert second.url.startswith(f"https://{address}:")
        assert second.passwords == first.passwords and MEETING.findall(second.said)[0] == meeting
        trusted = ssl.create_default_context(cafile=str(next(folder.rglob("*cert*.pem"))))
        technician = Person(second.url, "kythuat", second.passwords["kythuat"], verify=trusted)
        await technician.sign_in()
        await soon(lambda: _somebody_sends(technician, meeting), 40)
        await technician.close()
    printed = await second.rest()
    assert "Quét bằng điện thoại" in printed and printed.count("█") > 100, "the QR code"


async def _pictures(visitor: Visitor, wanted: int) -> bool:
    return sum(slot["frames"] > 0 for slot in await visitor.slots() if slot["kind"] == "video" and slot["name"]) == wanted


async def _moving(visitor: Visitor, seen: set[str]) -> bool:
    """Whether more different pictures have come in than there are points: they move."""
    seen.update(await visitor.page.evaluate(PICTURES))
    return len(seen) > 8


async def _somebody_sends(person: Person, meeting: str) -> bool:
    """As the technician's page is told; pages answer before the relay stands."""
    answer = await person.answer(f"/admin/media?room={meeting}")
    rooms = answer.json()["rooms"] if answer.is_success else {}
    return any(one["role"] == "publish" and one["packets_in"] > 50 for one in rooms.get(meeting, {}).get("sessions", []))
