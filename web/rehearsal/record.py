"""The second half of the journey, and its order: draft, number, four signatures, seal, packet, download, verification.

Called by the command `rehearse` and by the tests of the journeys.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import sys
from asyncio import create_subprocess_exec, gather, subprocess
from html import unescape
from pathlib import Path
from typing import Any

from web.bootstrap import ROOT
from web.i18n import _
from web.rehearsal.journey import Failed, Journey
from web.rehearsal.people import Person

SIGNERS = (("initials", "division_head"), ("secretary", "secretary"), ("chair", "chair"))
GRANT = re.compile(r"/links/[0-9a-f-]+$")
LINK = re.compile(r"/d/[A-Za-z0-9_-]{20,}")
SHOWN = re.compile(r'class="mono">([^<]+)</b>')
NO_MEETING = "00000000-0000-7000-8000-000000000000"
OWN = re.compile(r"[0-9a-f]{64}|/meetings/\S+")
"""What two pages for one person may differ in: form tokens, and the address that was asked for."""
ROLES = ["initials", "secretary", "chair", "agency"]


async def play(journey: Journey) -> None:
    """The whole journey in its order.  Raises at the first step that did not happen."""
    record = Record(journey)
    steps = (
        ("book", journey.book), ("open", journey.open), ("join", journey.join), ("relay", journey.relay),
        ("floor", journey.floor), ("vote", journey.vote), ("delegate", journey.delegate), ("conclude", journey.conclude),
        ("draft", record.draft),
        ("number", record.number), ("sign", record.sign), ("seal", record.seal), ("issue", record.issue),
        ("pack", record.pack), ("download", record.download), ("verify", record.verify),
        ("take home", record.take_home), ("stranger", record.stranger),
    )
    try:
        for name, work in steps:
            await journey.step(name, work)
    finally:
        await journey.close()


class Record:
    """The record of one concluded meeting, made and taken home by those who are entitled to it."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey
        self._page = ""

    @property
    def _minutes(self) -> str:
        return f"/meetings/{self._journey.meeting_id}/minutes"

    async def draft(self) -> None:
        """The draft stands since the meeting closed; the secretary reads it and takes the DOCX home."""
        secretary = await self._journey.person("secretary")
        await self._save(secretary, "minutes.docx", "minutes_docx", b"PK")

    async def number(self) -> None:
        clerk = await self._journey.person("clerk")
        await clerk.submit(self._minutes, "/number")

    async def sign(self) -> None:
        for role, player in SIGNERS:
            signer = await self._journey.person(player)
            await signer.submit(self._minutes, f"/sign/{role}")

    async def seal(self) -> None:
        clerk = await self._journey.person("clerk")
        await clerk.submit(self._minutes, "/seal")

    async def issue(self) -> None:
        clerk = await self._journey.person("clerk")
        await clerk.submit(self._minutes, "/issue")

    async def pack(self) -> None:
        clerk = await self._journey.person("clerk")
        await clerk.submit(self._minutes, "/packet")

    async def download(self) -> None:
        chair = await self._journey.person("chair")
        await self._save(chair, "minutes.docx", "minutes_docx", b"PK")
        await self._save(chair, "minutes.pdf", "minutes_pdf", b"%PDF-")
        await self._save(chair, "packet.asice", "packet", b"PK")
        ca = self._journey.out / "ca.pem"
        shutil.copyfile(self._journey.stage.data / "ca" / "ca.pem", ca)
        self._journey.facts["ca"] = str(ca)

    async def _save(self, person: Person, name: str, fact: str, magic: bytes) -> None:
        answer = await person.get(f"{self._minutes}/{name}")
        if not answer.content.startswith(magic):
            raise Failed(_("{name} không đúng loại tệp: {start}", name=name, start=repr(answer.content[:20])))
        target = self._journey.out / name
        target.write_bytes(answer.content)
        self._journey.facts[fact] = str(target)

    async def verify(self) -> None:
        """With the command that anybody has, in a process of its own, trusting the demonstration's authority."""
        facts = self._journey.facts
        files = {name: Path(facts[name]) for name in ("minutes_pdf", "packet")}
        verdict, packet, *_noticed = await gather(
            *(_verdict(file, Path(facts["ca"])) for file in files.values()),
            *(self._notices_a_flipped_byte(file) for file in files.values()))
        facts["signatures"] = verdict["signatures"]
        if not verdict["valid"] or [one["role"] for one in verdict["signatures"]] != ROLES:
            raise Failed(_("biên bản không hợp lệ ({reason}), chữ ký: {roles}", reason=verdict["reason"],
                           roles=", ".join(one["role"] for one in verdict["signatures"])))
        if not packet["valid"]:
            raise Failed(_("gói hồ sơ không hợp lệ ({reason})", reason=packet["reason"]))

    async def _notices_a_flipped_byte(self, whole: Path) -> None:
        broken = bytearray(whole.read_bytes())
        broken[len(broken) // 2] ^= 1
        altered = whole.with_stem(f"altered-{whole.stem}")
        altered.write_bytes(broken)
        if (await _verdict(altered, Path(self._journey.facts["ca"])))["valid"]:
            raise Failed(_("{name} bị sửa một byte mà vẫn được coi là hợp lệ", name=whole.name))
        altered.unlink()

    async def take_home(self) -> None:
        """A delegate without an account downloads the record by a personal link; once revoked, it opens nothing."""
        clerk = await self._journey.person("clerk")
        listed = await clerk.page(self._minutes)
        grant = next(form.action for form in listed.forms if GRANT.search(form.action))
        shown = (await clerk.submit(self._minutes, grant)).text
        link = LINK.search(shown)
        if link is None:
            raise Failed(_("trang không hiện đường dẫn cá nhân"))
        delegate = Person(self._journey.stage.base_url)
        try:
            for name, fact in (("minutes.pdf", "minutes_pdf"), ("packet.asice", "packet")):
                await self._takes(delegate, f"{link.group()}/{name}", Path(self._journey.facts[fact]))
            await clerk.submit(self._minutes, f"{grant}/revoke")
            refused = await delegate.status(f"{link.group()}/packet.asice")
        finally:
            await delegate.close()
        if refused not in (404, 409, 410):
            raise Failed(_("đường dẫn đã thu hồi vẫn trả lời {status}", status=refused))

    async def _takes(self, delegate: Person, path: str, chairs: Path) -> None:
        """What the delegate gets is the chair's file to the byte, which was verified."""
        if (await delegate.get(path)).content != chairs.read_bytes():
            raise Failed(_("đại biểu nhận {name} khác với chủ tọa", name=chairs.name))

    async def stranger(self) -> None:
        """An officer of a unit that was not invited learns nothing: the answer is that for no meeting at all."""
        stranger = await self._outsider()
        try:
            theirs = await stranger.answer(f"/meetings/{self._journey.meeting_id}/minutes/minutes.pdf")
            nobodys = await stranger.answer(f"/meetings/{NO_MEETING}/minutes/minutes.pdf")
        finally:
            await stranger.close()
        if (theirs.status_code, nobodys.status_code) != (404, 404):
            raise Failed(_("người ngoài nhận {theirs}, còn khi không có cuộc họp nào là {nobodys}",
                           theirs=theirs.status_code, nobodys=nobodys.status_code))
        if OWN.sub("", theirs.text) != OWN.sub("", nobodys.text):
            raise Failed(_("người ngoài phân biệt được cuộc họp này với cuộc họp không có"))

    async def _outsider(self) -> Person:
        """A new officer's account, made by the administrator on the page for it, with a password of the officer's own.

        Where every unit was invited, nobody of another unit is left: then it is somebody without any role.
        """
        admin = await self._journey.person("admin")
        invited = [name.casefold() for name in self._journey.invited]
        units = (await admin.page("/admin/users")).form("/admin/users").choices["unit_id"]
        outside = [key for key, path in units if not any(path.split(" › ")[-1].casefold() in name for name in invited)]
        login, password = f"khach-{secrets.token_hex(4)}", f"{secrets.token_urlsafe(16)}-aA1"
        made = await admin.submit(
            "/admin/users", "/admin/users", login=login, name="Ngô Văn Khách", post="Công chức xã",
            unit_id=outside[-1] if outside else units[-1][0], role=["officer"] if outside else [])
        shown = SHOWN.search(made.text)
        if shown is None:
            raise Failed(_("trang không hiện mật khẩu của tài khoản mới"))
        officer = Person(self._journey.stage.base_url, login, first := unescape(shown.group(1)))
        await officer.submit("/signin", "/signin", login=login, password=first)
        await officer.submit("/password", "/password", old=first, password=password, again=password)
        return officer


async def _verdict(file: Path, ca: Path) -> dict[str, Any]:
    process = await create_subprocess_exec(
        sys.executable, "-m", "web", "verify", str(file), "--trust", str(ca), "--json", stdout=subprocess.PIPE, cwd=ROOT
    )
    said, _nothing = await process.communicate()
    found: dict[str, Any] = json.loads(said)
    if (process.returncode == 0) != found["valid"]:
        raise Failed(_("lệnh verify kết thúc với mã {code} nhưng báo hợp lệ: {valid}", code=process.returncode, valid=found["valid"]))
    return found
