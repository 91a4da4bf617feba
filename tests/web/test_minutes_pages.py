"""The minutes in the browser: everybody finds the one step that is theirs, downloads what they may, and nothing else."""

from __future__ import annotations

import re

import httpx
import pytest

from minutes import verify
from tests.web.conftest import ManualClock, browser, token_in
from tests.web.stories import ORDER, Story, story
from web.limits import DOWNLOADS_PER_ACCOUNT, DOWNLOADS_WINDOW
from web.routes import verify as verify_page

__all__ = ["story"]  # pytest finds the fixture by its name here


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
