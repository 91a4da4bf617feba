"""The minutes in the browser: everybody finds the one step that is theirs, downloads what they may, and nothing else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Connection

from meetings import service as meetings
from meetings.access import Role
from meetings.meeting import AgendaLine, NewMeeting, Person, PointRef, UnitRef
from meetings.store import unit_store
from minutes import service, verify
from scheduler import points
from tests.support.disks import full_disk
from tests.web.conftest import ManualClock, browser, sign_in, token_in
from web import session, store
from web.container import Container
from web.limits import DOWNLOADS_PER_ACCOUNT, DOWNLOADS_WINDOW
from web.routes import verify as verify_page

POSTS = {"chair": "chutri", "secretary": "thuky", "division_head": "lanhdao", "clerk": "vanthu"}
ORDER = (("vanthu", "number"), ("lanhdao", "sign/initials"), ("thuky", "sign/secretary"), ("chutri", "sign/chair"),
         ("vanthu", "seal"), ("vanthu", "issue"), ("vanthu", "packet"))


@dataclass
class Story:
    """A concluded meeting with its draft; `do` is one person pressing one button."""

    app: FastAPI
    found: Container
    meeting_id: str
    delegates: dict[str, str]
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    @property
    def page(self) -> str:
        return f"/meetings/{self.meeting_id}/minutes"

    async def person(self, login: str) -> httpx.AsyncClient:
        """This person's browser, signed in once."""
        if login not in self.clients:
            self.clients[login] = browser(self.app)
            assert (await sign_in(self.clients[login], login)).status_code == 303
        return self.clients[login]

    async def press(self, login: str, do: str, **fields: str) -> httpx.Response:
        client = await self.person(login)
        token = token_in((await client.get("/account")).text)
        shown = {"shown": self.status().pdf_sha256}
        return await client.post(f"{self.page}/{do}", data={"_csrf": token, **shown, **fields})

    async def until(self, last: str) -> None:
        """Every step up to `last`, without the browser."""
        for login, do in ORDER:
            self._take(login, do)
            if do == last:
                return

    def _take(self, login: str, do: str) -> None:
        found, at = self.found, self.found.clock.now()
        with found.db.read() as conn:
            account = store.account_by_login(conn, login)
            assert account is not None
            by = session.subject_of(conn, account[0], at.date())
        status, place = self.status(), (found.db, found.blobs)
        minutes_id, shown = status.minutes.minutes_id, status.pdf_sha256
        if do == "number":
            service.number(*place, minutes_id, by, at, shown=shown)
        elif do.startswith("sign/"):
            service.sign(*place, found.signers, minutes_id, do.removeprefix("sign/"), by, at, shown=shown)
        elif do == "seal":
            service.seal(*place, found.signers, minutes_id, by, at, shown=shown)
        else:
            use = {"issue": service.issue, "packet": service.build_packet}[do]
            use(*place, found.signers, minutes_id, by, at)

    def status(self) -> service.Status:
        with self.found.db.read() as conn:
            known = service.status(conn, self.meeting_id)
        assert known is not None
        return known


@pytest.fixture
async def story(app: FastAPI, found: Container, clock: ManualClock) -> AsyncIterator[Story]:
    told = Story(app, found, *_meeting(found, clock))
    service.draft(found.db, found.blobs, told.meeting_id, None, clock.now(), base_url=found.settings.base_url)
    yield told
    for client in told.clients.values():
        await client.aclose()


def _meeting(found: Container, clock: ManualClock) -> tuple[str, dict[str, str]]:
    """A concluded meeting of the province with one commune, not drafted yet: its id, and its delegates by name."""
    at = clock.now()
    with found.db.write() as conn:
        tree = unit_store.tree(conn, at.date())
        people = {post: store.account_by_login(conn, login)[0] for post, login in POSTS.items()}
        root, commune = tree.roots()[0], tree.search("Xã Đồn Đạc")[0]
        known = {point.unit_id: point for point in points.all_points(conn)}
        refs = [PointRef(known[u.unit_id].point_id, known[u.unit_id].code, known[u.unit_id].name, u.unit_id, u.level)
                for u in (root, commune)]
        who = {post: Person(account.user_id, account.name, account.title) for post, account in people.items()}
        secretary, chair = (session.subject_of(conn, people[post], at.date()) for post in ("secretary", "chair"))
        unit = UnitRef(root.unit_id, root.name, None, tree.path(root.unit_id))
        meeting_id = meetings.create(conn, NewMeeting(
            "Giao ban tháng 3", unit, at, clock.at.replace(hour=9), agenda=[AgendaLine("Báo cáo")], **who),
            by=secretary, at=at).meeting_id
        meetings.seats_set(conn, meeting_id, refs, by=secretary, at=at)
        meetings.convene(conn, meeting_id, by=secretary, at=at)
        meetings.open(conn, meeting_id, by=chair, at=at)
        for ref in refs:
            meetings.seat_join(conn, meeting_id, ref.point_id, at)
        delegates = {name: meetings.delegate_add(conn, meeting_id, refs[1].point_id, name, "Phó Chủ tịch xã", present,
                                                 by=secretary, at=at)
                     for name, present in (("Lò Thị Mai", True), ("Vắng Văn Mặt", False))}
        meetings.close(conn, meeting_id, by=chair, at=at)
    return meeting_id, delegates


async def test_each_finds_the_one_button_that_is_theirs_and_the_record_is_made(story: Story) -> None:
    for login, do in ORDER:
        client = await story.person(login)
        text = (await client.get(story.page)).text
        forms = re.findall(rf'action="{story.page}/(\S+?)"', text)
        assert do in forms, f"{login} finds no {do}: {forms}"
        others = {step for _, step in ORDER} - {do}
        assert not others & set(forms)
        assert (await story.press(login, do)).status_code == 303
    status = story.status()
    assert status.issued and status.packet
    with story.found.blobs.open(status.pdf_sha256) as file:
        assert verify.verify_pdf(file.read(), story.found.signers.trust, story.found.clock.now()).valid


async def test_whose_turn_it_is_not_finds_no_button_and_is_refused(story: Story) -> None:
    await story.until("number")
    answer = await story.press("chutri", "sign/chair")
    assert answer.status_code == 409 and "Chưa đến bước này" in answer.text
    answer = await story.press("thuky", "sign/initials")
    assert answer.status_code == 403 and "Trần Văn Đức" in answer.text
    assert story.status().state == "numbered"


async def test_sealing_before_signing_is_said_plainly(story: Story) -> None:
    await story.until("sign/secretary")
    answer = await story.press("vanthu", "seal")
    assert answer.status_code == 409 and "Chưa đến bước này" in answer.text
    assert story.status().state == "secretary_signed"


async def test_an_edit_is_a_new_version_and_the_change_is_marked(story: Story) -> None:
    base = story.status().versions[-1].sha256
    answer = await story.press("thuky", "edit", base=base, **{"block.place": "Hội trường tầng 2"})
    assert answer.status_code == 303
    assert len(story.status().versions) == 2
    client = await story.person("thuky")
    text = (await client.get(story.page)).text
    assert "Hội trường tầng 2" in text and "Hệ thống ghi:" in text
    stale = await story.press("thuky", "edit", base=base, **{"block.place": "Nơi khác"})
    assert stale.status_code == 409 and "Nơi khác" in stale.text, "what was typed must not be lost"
    assert len(story.status().versions) == 2


async def test_declining_needs_a_reason_voids_the_number_and_the_next_round_takes_the_next(story: Story) -> None:
    await story.until("sign/initials")
    empty = await story.press("thuky", "refuse", reason=" ")
    assert empty.status_code == 422 and "lý do" in empty.text
    assert (await story.press("thuky", "refuse", reason="Sai tên đại biểu")).status_code == 303
    client = await story.person("vanthu")
    text = (await client.get(story.page)).text
    assert "Sai tên đại biểu" in text
    assert (await story.press("vanthu", "number")).status_code == 303
    register = (await client.get("/register")).text
    assert story.status().round.number.number == 2
    assert "Sai tên đại biểu" in register and "02/BB-UBND" in register


DOWNLOADS = ("minutes.pdf", "minutes.docx", "packet.asice")


@pytest.mark.parametrize("login, draft, issued", [
    ("thuky", (200, 200, 409), (200, 200, 200)), ("chutri", (200, 200, 409), (200, 200, 200)),
    ("xa", (404, 404, 404), (200, 404, 200)), ("nguoila", (404,) * 3, (404,) * 3),
    ("quantri", (404,) * 3, (404,) * 3)])
async def test_who_may_download_what(story: Story, login: str, draft, issued) -> None:
    client = await story.person(login)
    found = [(await client.get(f"{story.page}/{name}")).status_code for name in DOWNLOADS]
    # To those of the meeting "not yet for you" may be a 403; to strangers everything is a 404.
    assert [404 if code == 403 else code for code in found] == list(draft)
    await story.until("packet")
    found = [(await client.get(f"{story.page}/{name}")).status_code for name in DOWNLOADS]
    assert [404 if code == 403 else code for code in found] == list(issued)


@pytest.mark.parametrize(("login", "before", "after"), [
    ("lanhdao", True, True), ("xa", False, True), ("nguoila", False, False)])
async def test_a_record_is_listed_for_those_who_may_read_it(story: Story, login: str, before: bool, after: bool) -> None:
    client = await story.person(login)
    assert (f'href="{story.page}"' in (await client.get("/documents")).text) == before
    await story.until("issue")
    assert (f'href="{story.page}"' in (await client.get("/documents")).text) == after


async def test_a_stranger_gets_the_same_answer_as_for_no_meeting(story: Story) -> None:
    await story.until("packet")
    client = await story.person("nguoila")
    theirs = await client.get(f"{story.page}/minutes.pdf")
    nobodys = await client.get("/meetings/00000000-0000-7000-8000-000000000000/minutes/minutes.pdf")
    strip = re.compile(r"[0-9a-f]{64}|/meetings/\S+")
    assert (theirs.status_code, strip.sub("", theirs.text)) == (nobodys.status_code, strip.sub("", nobodys.text))


async def test_a_download_is_the_stored_bytes_with_their_digest_as_etag_and_a_receipt(story: Story) -> None:
    import hashlib

    from meetings.store import ledger_store

    await story.until("packet")
    client = await story.person("xa")
    answer = await client.get(f"{story.page}/packet.asice")
    again = await client.get(f"{story.page}/packet.asice", headers={"if-none-match": answer.headers["etag"]})
    digest = hashlib.sha256(answer.content).hexdigest()
    assert answer.headers["etag"] == f'"{digest}"' == f'"{story.status().packet.sha256}"'
    assert "attachment" in answer.headers["content-disposition"]
    assert (again.status_code, again.content) == (304, b"")
    with story.found.db.read() as conn:
        receipts = [e.data for e in ledger_store.events(conn, story.meeting_id) if e.kind == "packet.released"]
    assert receipts == [{"to": "Hoàng Văn Sơn", "via": "account", "sha256": digest}]


async def test_a_delegate_without_an_account_gets_the_record_by_a_link_that_can_be_taken_back(story: Story) -> None:
    await story.until("packet")
    one = story.delegates["Lò Thị Mai"]
    assert (await story.press("vanthu", f"links/{one}", days="7")).status_code == 303
    client = await story.person("vanthu")
    address = re.search(r'value="http://localhost:8000(/d/[^"]+)"', (await client.get(story.page)).text).group(1)
    async with browser(story.app) as visitor:
        assert "Lò Thị Mai" in (await visitor.get(address)).text
        for name, magic in (("minutes.pdf", b"%PDF-"), ("packet.asice", b"PK")):
            assert (await visitor.get(f"{address}/{name}")).content.startswith(magic)
        assert (await visitor.get(f"{address}/minutes.docx")).status_code == 404
        assert (await visitor.get(address[:-3] + "AAA")).status_code == 404
        await story.press("vanthu", f"links/{one}/revoke")
        gone = await visitor.get(f"{address}/minutes.pdf")
    assert gone.status_code == 404 and b"%PDF" not in gone.content


async def test_downloads_without_end_are_stopped_for_a_while(story: Story, clock: ManualClock) -> None:
    await story.until("packet")
    client, other = await story.person("thuky"), await story.person("xa")
    file = f"{story.page}/minutes.pdf"
    for _n in range(DOWNLOADS_PER_ACCOUNT):
        assert (await client.get(file)).status_code == 200
    refused = await client.get(f"{story.page}/packet.asice")
    assert refused.status_code == 429 and refused.headers["retry-after"] == "60"
    assert (await other.get(file)).status_code == 200
    clock.advance(DOWNLOADS_WINDOW)
    assert (await client.get(file)).status_code == 200


async def test_an_address_that_has_files_checked_without_end_is_stopped_for_a_while(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_page, "VERIFIES_PER_ADDRESS", 2)
    answers = []
    for _n in range(3):
        token = token_in((await client.get("/verify")).text)
        file = {"document": ("x.pdf", b"%PDF-1.7", "application/pdf")}
        answers.append(await client.post("/verify", data={"_csrf": token}, files=file))
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "60"


async def test_a_delegate_who_was_absent_gets_no_link(story: Story) -> None:
    await story.until("issue")
    answer = await story.press("vanthu", f"links/{story.delegates['Vắng Văn Mặt']}", days="7")
    assert answer.status_code == 409 and "không được ghi nhận có mặt" in answer.text


async def test_the_page_behind_the_qr_code_says_it_in_one_sentence_and_hides_what_is_not_issued(story: Story) -> None:
    code = story.status().minutes.code
    async with browser(story.app) as visitor:
        await story.until("seal")
        before = await visitor.get(f"/verify/{code}")
        assert "chưa được phát hành" in before.text and "Giao ban" not in before.text
        await story.press("vanthu", "issue")
        after = await visitor.get(f"/verify/{code.lower()}")
        assert (await visitor.get("/verify/0000000000")).status_code == 404
    assert after.status_code == 200
    for said in ("chữ ký thử nghiệm", "01/BB-UBND", "Trần Văn Đức", "Phạm Minh Hải", "Giao ban tháng 3"):
        assert said in after.text


@pytest.mark.parametrize("spoil, said", [(None, "nguyên vẹn"), (4000, "KHÔNG HỢP LỆ")])
async def test_anybody_may_check_a_file(story: Story, spoil: int | None, said: str) -> None:
    await story.until("seal")
    with story.found.blobs.open(story.status().pdf_sha256) as file:
        data = bytearray(file.read())
    if spoil:
        data[spoil] ^= 1
    async with browser(story.app) as visitor:
        token = token_in((await visitor.get("/verify")).text)
        answer = await visitor.post("/verify", data={"_csrf": token}, files={"document": ("b.pdf", bytes(data))})
        nothing = await visitor.post("/verify", data={"_csrf": token})
        rubbish = await visitor.post("/verify", data={"_csrf": token}, files={"document": ("b.pdf", b"x")})
    assert said in answer.text
    assert nothing.status_code == 422 and "Không đọc được tệp" in rubbish.text
    assert [path.name for path in story.found.settings.data.iterdir() if path.name.startswith("tmp")] == []


async def test_a_production_system_with_only_test_signers_signs_nothing(story: Story) -> None:
    await story.until("number")
    story.found.settings.production = True
    answer = await story.press("lanhdao", "sign/initials")
    assert answer.status_code == 403 and "chữ ký thử nghiệm" in answer.text
    assert story.status().state == "numbered"


async def test_a_file_that_changed_on_the_disk_is_not_handed_out(story: Story) -> None:
    await story.until("packet")
    path = story.found.blobs.path(story.status().packet.sha256)
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    answer = await (await story.person("xa")).get(f"{story.page}/packet.asice")
    assert answer.status_code == 409 and "không còn nguyên vẹn" in answer.text


async def test_a_full_disk_while_packing_is_said_on_the_page(story: Story, tmp_path: Path) -> None:
    await story.until("issue")
    with full_disk(tmp_path / "disk") as mounted:
        if not mounted:
            pytest.skip("this machine lets us mount nothing")
        data, story.found.settings.data = story.found.settings.data, tmp_path / "disk"
        answer = await story.press("vanthu", "packet")
        story.found.settings.data = data
    assert answer.status_code == 503 and "Ổ đĩa của máy chủ đã đầy" in answer.text
    assert (await story.press("vanthu", "packet")).status_code == 303


async def test_nobody_numbers_or_signs_a_text_that_the_page_did_not_show(story: Story) -> None:
    """I18 for the person: a stale page is answered with the text as it stands."""
    stale = story.status()
    await story.press("thuky", "edit", base=stale.versions[-1].sha256, **{"block.place": "Hội trường tầng 2"})
    answer = await story.press("vanthu", "number", shown=stale.pdf_sha256)
    assert answer.status_code == 409 and "đã thay đổi sau khi bạn mở trang" in answer.text
    assert "Hội trường tầng 2" in answer.text and story.status().state == "draft"
    await story.until("number")
    for login, do, state in (("lanhdao", "sign/initials", "numbered"), ("vanthu", "seal", "chair_signed")):
        answer = await story.press(login, do, shown=stale.pdf_sha256)
        assert answer.status_code == 409 and story.status().state == state
        for one, step in ORDER[1:4]:
            if story.status().state != "chair_signed":
                await story.press(one, step)
    assert (await story.press("vanthu", "seal")).status_code == 303


def test_what_keeps_the_draft_from_being_made_does_not_fail_the_closing(found: Container, clock: ManualClock) -> None:
    from web.routes.conduct import _draft

    meeting_id, _ = _meeting(found, clock)
    incoming = found.settings.data / "blobs" / "incoming"
    incoming.rename(incoming.with_name("away"))
    assert _draft(found, meeting_id) is False
    incoming.with_name("away").rename(incoming)
    assert _draft(found, meeting_id) is True


async def test_subject_and_recipients_are_edited_on_the_page_which_says_that_word_is_not_taken_back(story: Story) -> None:
    text = (await (await story.person("thuky")).get(story.page)).text
    assert "nội dung sửa trong Word không được đưa trở lại" in text
    base = story.status().versions[-1].sha256
    answer = await story.press("thuky", "edit", base=base, **{
        "block.summary": "Giao ban tháng 3 năm 2026", "block.recipients": "Thường trực Tỉnh ủy;\nLưu: VT."})
    assert answer.status_code == 303
    with story.found.db.read() as conn:
        model = service.model_of(conn, story.status().minutes.minutes_id, 2)
    assert (model.summary, model.recipients) == ("Giao ban tháng 3 năm 2026", ("Thường trực Tỉnh ủy;", "Lưu: VT."))
    wrong = await story.press("thuky", "edit", base=story.status().versions[-1].sha256, **{"block.recipients": " "})
    assert wrong.status_code == 422 and "Nơi nhận không được để trống" in wrong.text


async def test_the_clerk_takes_back_from_an_absent_signer_and_passes_the_post_on(story: Story) -> None:
    found, at = story.found, story.found.clock.now()
    with found.db.write() as conn:
        head, password = store.account_by_login(conn, "lanhdao")
        deputy = store.add_account(conn, "capphó", "Vũ Thị Phó", "Phó Trưởng phòng", head.unit_id,
                                   frozenset({Role.DIVISION_HEAD}), password, at, must_change=False)
    await story.until("number")
    clerk = await story.person("vanthu")
    assert f'{story.page}/withdraw"' in (await clerk.get(story.page)).text
    assert f'{story.page}/withdraw"' not in (await (await story.person("thuky")).get(story.page)).text
    assert (await story.press("vanthu", "withdraw", reason=" ")).status_code == 422
    assert (await story.press("vanthu", "withdraw", reason="Lãnh đạo phòng đi vắng")).status_code == 303
    page = (await clerk.get(story.page)).text
    assert "Lãnh đạo phòng đi vắng" in page and "Vũ Thị Phó" in page
    wrong = await story.press("vanthu", "posts", post="division_head", person="nobody")
    assert wrong.status_code == 422
    assert (await story.press("vanthu", "posts", post="division_head", person=deputy.user_id)).status_code == 303
    assert (await story.press("vanthu", "number")).status_code == 303
    assert (await story.press("lanhdao", "sign/initials")).status_code in (403, 404)
    assert (await story.press("capphó", "sign/initials")).status_code == 303
    assert (await story.press("vanthu", "posts", post="clerk", person=deputy.user_id)).status_code == 422


async def test_the_page_behind_the_qr_code_leads_those_entitled_to_the_original(story: Story) -> None:
    """What the signed text promises beside the code; others come to the sign-in, or to nothing."""
    await story.until("issue")
    async with browser(story.app) as visitor:
        shown = (await visitor.get(f"/verify/{story.status().minutes.code}")).text
        address = re.search(r'href="([^"]+/minutes\.pdf)"', shown).group(1)
        stranger = await visitor.get(address)
    assert stranger.status_code == 303 and stranger.headers["location"].startswith("/signin")
    answer = await (await story.person("xa")).get(address)
    with story.found.blobs.open(story.status().pdf_sha256) as file:
        assert answer.content == file.read()
    assert (await (await story.person("nguoila")).get(address)).status_code == 404


async def test_the_register_has_its_ten_columns_filled_with_what_the_system_knows(story: Story) -> None:
    await story.until("number")
    await story.press("lanhdao", "refuse", reason="Sai ngày")
    story.found.clock.at = story.found.clock.at.replace(day=6)
    await story.until("issue")
    text = (await (await story.person("vanthu")).get("/register")).text
    head = re.findall(r'<th scope="col">([^<]+)</th>', text)
    assert head == ["Số, ký hiệu", "Ngày", "Tên loại và trích yếu", "Người ký", "Nơi nhận", "Đơn vị, người nhận bản lưu",
                    "Số lượng bản", "Ngày chuyển", "Ký nhận", "Ghi chú"]
    rows = [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
            for row in re.findall(r"<tr>(.*?)</tr>", text.split("<tbody>")[1], re.DOTALL)]
    issued = ["02/BB-UBND", "06/03/2026", "Biên bản Giao ban tháng 3", "Phạm Minh Hải", "Như thành phần tham dự",
              "VT, Hồ sơ", "01 (điện tử)", "06/03/2026", "", ""]
    assert rows[1] == issued
    assert rows[0] == ["01/BB-UBND", "", *issued[2:6], "", "", "", "Đã hủy: Sai ngày"]
    assert 'href="/static/css/register.css' in text and "Tỉnh Quảng Ninh" in text
