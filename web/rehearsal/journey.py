"""One meeting from booking to a verified record, step by step, each as the person whose work it is.

Every step checks what it did from the outside and raises when it is not so; a rehearsal that ends has truly happened.
Called by the command `rehearse` and by the tests of the journeys.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from web.i18n import _
from web.rehearsal import floor
from web.rehearsal.crowd import Points
from web.rehearsal.forms import Form
from web.rehearsal.people import Person, Refused
from web.rehearsal.stage import Stage
from web.scene import PLAYERS

SPEAKERS = 3
FREE_WITHIN_DAYS = 30
RELAY_S = 6.0
MOST_LOST = 0.01
CARD = re.compile(r'data-code="([^"]+)".*?/j/([A-Za-z0-9_-]+)', re.DOTALL)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TITLE = "Hội nghị diễn tập toàn tỉnh"
AGENDA = ["Báo cáo của các địa phương", "Biểu quyết và kết luận"]
DELEGATE = "Bùi Thị Lan"
CONCLUSIONS = ["Thống nhất kế hoạch như dự thảo.", "Các địa phương báo cáo kết quả trước ngày 05 hằng tháng."]
MOTION = "Thông qua kế hoạch phối hợp quý I"
DOCUMENT = ("ke-hoach.txt", "Kế hoạch phối hợp quý I\n\n1. Mục tiêu.\n2. Phân công.\n".encode(), "text/plain")

Report = Callable[[str, float], None]


class Failed(Exception):
    """A step did not do what it should; the text says what was seen."""


@dataclass(slots=True)
class Journey:
    """What the steps find out; `facts` becomes the report of the command."""

    stage: Stage
    count: int
    out: Path
    report: Report = lambda name, seconds: None
    facts: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    meeting_id: str = ""
    secrets: dict[str, str] = field(default_factory=dict)
    points: Points | None = None
    invited: list[str] = field(default_factory=list)
    """Names of the points, as the pages show them."""
    _people: dict[str, Person] = field(default_factory=dict)

    async def step(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Runs one step and notes it; a step that raises is noted as not done and ends the journey."""
        began = time.monotonic()
        done = False
        try:
            await work()
            done = True
        finally:
            seconds = round(time.monotonic() - began, 3)
            self.steps.append({"name": name, "ok": done, "seconds": seconds})
            self.report(name, seconds)

    async def person(self, key: str) -> Person:
        """Somebody of the demonstration's accounts, signed in once with the password that the server printed."""
        if key not in self._people:
            login = next(player.login for player in PLAYERS if player.key == key)
            person = Person(self.stage.base_url, login, self.stage.passwords[login])
            self._people[key] = person
            await person.sign_in()
        return self._people[key]

    async def close(self) -> None:
        """Everybody goes home, whatever happened."""
        if self.points is not None:
            await self.points.leave()
        for person in self._people.values():
            await person.close()

    # --- before the meeting --------------------------------------------------------------------------------------

    async def book(self) -> None:
        """The secretary books a meeting of `count` points in one action."""
        secretary = await self.person("secretary")
        form = (await secretary.page("/meetings/new")).form("/meetings/new")
        offered = [value for value, _words in form.choices["point"]]
        if len(offered) < self.count:
            raise Failed(_("trang đặt lịch chỉ có {n} điểm cầu, cần {wanted}", n=len(offered), wanted=self.count))
        chosen = [offered[i * len(offered) // self.count] for i in range(self.count)]
        self.meeting_id = await self._booked(secretary, form, chosen)
        cards = await secretary.get(f"/meetings/{self.meeting_id}/cards")
        self.secrets = dict(CARD.findall(cards.text))
        self.facts["points_booked"] = len(self.secrets)
        if len(self.secrets) != self.count:
            raise Failed(_("có {n} đường dẫn vào họp cho {wanted} điểm cầu", n=len(self.secrets), wanted=self.count))

    async def _booked(self, secretary: Person, form: Form, chosen: list[str]) -> str:
        """Today, or the next day on which all points are free: a folder that is kept holds earlier rehearsals."""
        people = {player.key: form.choice(player.key, player.name) for player in PLAYERS if player.key in form.names}
        for later in range(FREE_WITHIN_DAYS):
            day, start, end = _times(datetime.now(UTC), later)
            asked = f"/meetings/new?on={day}"
            hurried = {"hurry": TITLE} if "hurry" in (await secretary.page(asked)).form("/meetings/new").names else {}
            try:
                done = await secretary.submit(
                    asked, "/meetings/new", files=[("document", DOCUMENT)], title=TITLE, day=day, start=start,
                    end=end, place="Phòng họp số 1", agenda_title=AGENDA, agenda_presenter=["Các điểm cầu", "Chủ trì"],
                    point=chosen, action="book", **people, **hurried,
                )
                return done.url.path.rstrip("/").split("/")[-1]
            except Refused as refusal:
                if "→ 409" not in str(refusal):
                    raise
        raise Failed(_("trong {days} ngày tới không có ngày nào mọi điểm cầu đều rảnh", days=FREE_WITHIN_DAYS))

    # --- in the meeting ------------------------------------------------------------------------------------------

    async def open(self) -> None:
        chair = await self.person("chair")
        await self._conduct(chair, "open")
        await self._conduct(chair, "voice/all", muted="")  # a large meeting opens silent
        await self._conduct(chair, "agenda", item=1)

    async def join(self) -> None:
        """Every point comes in by its link, both ways; the first three send picture and sound."""
        speakers = list(self.secrets)[:SPEAKERS]
        self.points = Points(self.stage.base_url, self.meeting_id, self.secrets, speakers)
        took = sorted(await self.points.join())
        self.facts["points_joined"] = len(self.points.seats)
        self.facts["join_ms_p95"] = round(took[min(len(took) - 1, int(len(took) * 0.95))], 1)

    async def relay(self) -> None:
        """Everybody receives every speaker for some seconds; the relay's own counters give the cost."""
        assert self.points is not None, "relay comes after join"
        await self._everybody_receives()
        before = await self._media()
        await asyncio.sleep(RELAY_S)  # the interval that is measured
        after = await self._media()
        relayed = after["packets_relayed"] - before["packets_relayed"]
        self.facts |= {
            "packets_in": after["packets_in"], "packets_relayed": after["packets_relayed"], "relay_s": RELAY_S,
            "cpu_us_per_packet": round((after["cpu_s"] - before["cpu_s"]) * 1e6 / relayed, 2) if relayed else None,
            "server_mib": round(self.stage.resident_mib(), 1),
        }
        if self.count > 1 and relayed <= 0:
            raise Failed(_("không gói tin nào được chuyển đi"))
        await self._count_losses()

    async def _count_losses(self) -> None:
        """What came and what is lost so far goes into the report; more than a trace of it is a relay that fails."""
        assert self.points is not None, "called by relay and conclude"
        for _patience in range(20):
            if not (seen := self.points.counted()).missing:
                break
            await asyncio.sleep(0.05)  # what is asked for again may still come
        lost = seen.lost + seen.missing
        self.facts |= {"packets_received": seen.received, "packets_lost": lost}
        if lost > MOST_LOST * (seen.received + lost):
            raise Failed(_("mất {lost} gói tin, nhận {received}", lost=lost, received=seen.received))

    async def _everybody_receives(self) -> None:
        assert self.points is not None, "called by relay"
        async with asyncio.timeout(20):
            while silent := self.points.counted().silent:
                self.facts["receivers_without_media"] = silent
                await asyncio.sleep(0.1)
        self.facts["receivers_without_media"] = 0

    async def _media(self) -> dict[str, Any]:
        """The relay's counters, as the technician's page gets them."""
        technician = await self.person("technician")
        stats: dict[str, Any] = (await technician.get(f"/admin/media?room={self.meeting_id}")).json()
        return {"cpu_s": stats["cpu_s"], **stats["rooms"][self.meeting_id]}

    async def floor(self) -> None:
        """A point asks to speak and gets the floor; another one, silenced, reaches nobody until the floor is taken back."""
        assert self.points is not None, "floor comes after join"
        chair = await self.person("chair")
        main = (await chair.get(f"/meetings/{self.meeting_id}/conduct")).url.path.rpartition("/")[2]
        speakers = list(self.secrets)[:SPEAKERS]
        others = [code for code in speakers if self.secrets[code] != main]  # the chair's point is heard all the time
        silent = others[-1] if others else None
        code = next((other for other in [*others, *speakers] if other != silent), speakers[0])
        await self.points.raise_hand(code)
        await self._conduct(chair, "floor", code=code)
        if silent:
            await self._until(lambda before, after: floor.silenced(before, after, code, silent))
        await self._conduct(chair, "floor", code="")
        if silent:
            await self._until(lambda before, after: floor.heard(before, after, silent))

    async def _until(self, wrong: Callable[[floor.Look, floor.Look], str]) -> None:
        assert self.points is not None, "called by floor"
        if said := await floor.until(self.points, self._media, wrong):
            raise Failed(said)

    async def vote(self) -> None:
        """One named vote: every tenth point abstains, every seventh is against."""
        assert self.points is not None, "vote comes after join"
        choice = {
            code: "abstain" if n % 10 == 9 else "against" if n % 7 == 6 else "for" for n, code in enumerate(self.secrets)
        }
        chair = await self.person("chair")
        await self._conduct(chair, "agenda", item=2)
        motion = (await self._conduct(chair, "motion", title=MOTION, quorum="2/3", majority="1/2", base="all"))["motion"]
        receipts = await self.points.vote(motion, choice)
        result = (await self._conduct(chair, "motion/close"))["result"]
        if len(set(receipts.values())) != self.count:
            raise Failed(_("có {n} biên nhận cho {wanted} phiếu", n=len(set(receipts.values())), wanted=self.count))
        counts = {name: sum(value == name for value in choice.values()) for name in ("for", "against", "abstain")}
        if result["counts"] != counts:
            raise Failed(_("đếm được {counted}, đã bỏ {cast}", counted=result["counts"], cast=counts))
        self.facts["ballots"] = [{"point": code, "choice": choice[code]} for code in self.secrets]

    async def delegate(self) -> None:
        """A delegate without an account is recorded as present behind the first point."""
        secretary, page = await self.person("secretary"), f"/meetings/{self.meeting_id}/audience"
        self.invited = [name for _id, name in (await secretary.page(page)).form("/delegates").choices["point"]]
        await secretary.submit(page, "/delegates", name=DELEGATE, post="Đại biểu", present="yes")

    async def conclude(self) -> None:
        """Conclusions, then the end: the room closes and the draft of the minutes stands."""
        assert self.points is not None, "conclude comes after join"
        chair = await self.person("chair")
        for text in CONCLUSIONS:
            await self._conduct(chair, "conclusion", text=text)
        await self._count_losses()
        closed = await self._conduct(chair, "close")
        if not closed["drafted"]:
            raise Failed(_("cuộc họp kết thúc mà không có dự thảo biên bản"))
        await self.points.leave()

    async def _conduct(self, chair: Person, what: str, **values: Any) -> dict[str, Any]:
        answer = await chair.post(f"/meetings/{self.meeting_id}/conduct/{what}", **values)
        found: dict[str, Any] = answer.json()
        return found


def _times(now: datetime, later: int) -> tuple[str, str, str]:
    """(day, start, end) as the booking form takes them: two hours from now, or tomorrow when the day is nearly over."""
    local = now.astimezone(ZONE) + timedelta(days=later)
    if local.hour >= 21:
        local = (local + timedelta(days=1)).replace(hour=8, minute=0)
    return local.strftime("%Y-%m-%d"), local.strftime("%H:%M"), (local + timedelta(hours=2)).strftime("%H:%M")

