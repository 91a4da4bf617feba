"""The minutes in the browser when something stands in the way: stale pages, absent signers, full and damaged disks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from meetings.access import Role
from minutes import service
from tests.support.disks import full_disk
from tests.web.conftest import ManualClock, browser
from tests.web.stories import ORDER, Story, concluded, story
from web import store
from web.container import Container

__all__ = ["story"]  # pytest finds the fixture by its name here


async def test_a_file_that_changed_on_the_disk_is_not_handed_out(story: Story) -> None:
    await story.until("packet")
    path = story.found.blobs.path(story.status().packet.sha256)
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    answer = await (await story.person("xa")).get(f"{story.page}/packet.asice")
    assert answer.status_code == 409 and "không còn nguyên vẹn" in answer.text


@pytest.mark.netns
async def test_a_full_disk_while_packing_is_said_on_the_page(story: Story, tmp_path: Path) -> None:
    await story.until("issue")
    with full_disk(tmp_path / "disk"):
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

    meeting_id, _ = concluded(found, clock)
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
