"""Diễn biến in parts: by topic, point and hour; the chain verified once and then only what came since; and taken away to be checked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event as sqlalchemy_event

from meetings import muting, service, voting
from meetings.store import ledger_reading, ledger_store, seat_store
from meetings.store.database import Database
from meetings.store.ledger_reading import Wanted
from meetings.voices import MOST_POINTS
from tests.support import check_chain
from tests.support.factories import convened, seat_of
from tests.support.long_chain import lengthen
from tests.web.conftest import ManualClock, browser, sign_in
from tests.web.test_pages import Story, story  # noqa: F401 - a fixture
from web import chains
from web.commands import main
from web.container import Container

SEQ = re.compile(r'<li id="e(\d+)"')


def untie(found: Container) -> None:
    """Whoever has the file of the database may take its triggers away."""
    with found.db.write() as conn:
        for name, in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='event'").all():
            conn.exec_driver_sql(f"DROP TRIGGER {name}")


async def test_a_long_record_comes_in_parts_that_together_are_all_of_it(
    client: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock  # noqa: F811
) -> None:
    with found.db.write() as conn:
        lengthen(conn, story.meeting.meeting_id, 900, clock.now(), timedelta(seconds=20))
        chain = [event.seq for event in ledger_store.events(conn, story.meeting.meeting_id)]
    await sign_in(client, "thuky")
    address, seen, pages = f"{story.path}/course", list[int](), 0
    while address:
        page = (await client.get(address)).text
        told = [int(seq) for seq in SEQ.findall(page)]
        assert len(told) <= 200 and told
        seen += told
        pages += 1
        later = re.search(r'rel="next" href="([^"]+)"', page)
        address = f"{story.path}/course{later[1]}" if later else ""
    assert seen == chain and pages == 5
    last = (await client.get(f"{story.path}/course?last=1")).text
    assert int(SEQ.findall(last)[-1]) == chain[-1] and 'rel="next"' not in last
    back = re.search(r'rel="prev" href="([^"]+)"', last)
    assert back and int(SEQ.findall((await client.get(f"{story.path}/course{back[1]}")).text)[-1]) == int(SEQ.findall(last)[0]) - 1
    assert f"{chain[-1] - 199}–{chain[-1]} trong {len(chain)}" in last
    by_hour = re.findall(r'<option value="(\d+)">[^<]*09:00 · (\d+)</option>', last)
    assert by_hour and SEQ.findall((await client.get(f"{story.path}/course?from={by_hour[0][0]}")).text)[0] == by_hour[0][0]


async def test_a_reader_may_ask_for_a_topic_and_a_point(
    client: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock  # noqa: F811
) -> None:
    meeting_id, chair = story.meeting.meeting_id, story.people["chutri"]
    with found.db.write() as conn:
        service.open(conn, meeting_id, chair, clock.now())
        for point in story.points:
            service.seat_join(conn, meeting_id, point, clock.now())
        service.agenda_go(conn, meeting_id, 1, chair, clock.now())
        muting.set_room(conn, meeting_id, chair, clock.now(), muted_above=MOST_POINTS)
    await sign_in(client, "thuky")
    page = (await client.get(f"{story.path}/course?topic=points")).text
    assert "Xã Đồn Đạc vào họp" in page and "<div>Khai mạc" not in page
    page = (await client.get(f"{story.path}/course?point=don+dac")).text
    assert "Xã Đồn Đạc vào họp" in page and "Ba Chẽ vào họp" not in page
    page = (await client.get(f"{story.path}/course?point=khong+co")).text
    assert "Không có điểm cầu nào như vậy" in page
    page = (await client.get(f"{story.path}/course?topic=votes")).text
    assert "Không có sự kiện nào như vậy" in page
    page = (await client.get(f"{story.path}/course")).text
    assert "khai mạc không tự tắt tiếng" in page and "100000" not in page
    assert re.search(r'<option value="\d+">\d\d:\d\d Bắt đầu mục 1: Báo cáo</option>', page)


@pytest.mark.parametrize("query", ["from=-1", "from=x", f"from={10**30}", "from=99999", "topic=nope", "point=%25_%22", "point=" + "x" * 3000, "last=%F0%9F%98%80"])
async def test_what_no_filter_means_is_no_fault(client: httpx.AsyncClient, story: Story, query: str) -> None:  # noqa: F811
    await sign_in(client, "thuky")
    assert (await client.get(f"{story.path}/course?{query}")).status_code in (200, 400)


async def test_a_chain_is_read_once_and_then_only_what_came(
    client: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    monkeypatch.setattr(chains, "SIZE", 100)
    hashed: list[int] = []
    plain = chains.verify_on

    def counting(seq: int, before: str, events: list) -> int | None:
        hashed.append(len(events))
        return plain(seq, before, events)

    monkeypatch.setattr(chains, "verify_on", counting)
    with found.db.write() as conn:
        lengthen(conn, story.meeting.meeting_id, 450, clock.now())
    await sign_in(client, "thuky")
    assert "Chuỗi ghi chép nguyên vẹn" in (await client.get(f"{story.path}/course")).text
    total = sum(hashed)
    await client.get(f"{story.path}/course?last=1")
    assert sum(hashed) == total
    with found.db.write() as conn:
        lengthen(conn, story.meeting.meeting_id, 3, clock.now() + timedelta(hours=1))
    assert "Chuỗi ghi chép nguyên vẹn" in (await client.get(f"{story.path}/course")).text and sum(hashed) == total + 3
    await client.get(f"{story.path}/course?check=1")
    assert sum(hashed) == total + 3, "not twice in a minute"
    clock.advance(timedelta(minutes=2))
    await client.get(f"{story.path}/course?check=1")
    assert sum(hashed) == 2 * (total + 3)


async def tampered(client: httpx.AsyncClient, story: Story, found: Container, at: datetime, events: int, sql: str) -> None:  # noqa: F811
    """So many events, looked at once; then the chain is changed beside the program."""
    with found.db.write() as conn:
        lengthen(conn, story.meeting.meeting_id, events, at)
    await sign_in(client, "thuky")
    await client.get(f"{story.path}/course")
    untie(found)
    with found.db.write() as conn:
        conn.exec_driver_sql(sql, (story.meeting.meeting_id,))


async def test_a_change_behind_what_was_verified_is_found_where_it_is_seen_and_on_demand(
    client: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock  # noqa: F811
) -> None:
    await tampered(client, story, found, clock.now(), 450, "UPDATE event SET data = '{\"page\":9}' WHERE seq = 100 AND meeting_id = ?")
    assert "bị đứt ở sự kiện 100" in (await client.get(f"{story.path}/course")).text, "it is on the page"
    assert "bị đứt" not in (await client.get(f"{story.path}/course?last=1")).text
    clock.advance(timedelta(minutes=2))
    assert "bị đứt ở sự kiện 100" in (await client.get(f"{story.path}/course?last=1&check=1")).text
    assert "bị đứt ở sự kiện 100" in (await client.get(f"{story.path}/course?last=1")).text, "and stays so"


async def test_a_chain_cut_off_behind_what_was_verified_is_found(
    client: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock  # noqa: F811
) -> None:
    await tampered(client, story, found, clock.now(), 20, "DELETE FROM event WHERE meeting_id = ? AND seq > 10")
    assert "bị đứt ở sự kiện" in (await client.get(f"{story.path}/course")).text


async def test_a_very_long_chain_is_verified_piece_by_piece(
    client: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    monkeypatch.setattr(chains, "SIZE", 100)
    monkeypatch.setattr(chains.Chains.verdict, "__defaults__", (200,))
    with found.db.write() as conn:
        lengthen(conn, story.meeting.meeting_id, 450, clock.now())
        total = ledger_store.last_seq(conn, story.meeting.meeting_id)
    await sign_in(client, "thuky")
    assert f"Đã kiểm tra 200 trong {total}" in (await client.get(f"{story.path}/course")).text
    assert f"Đã kiểm tra 400 trong {total}" in (await client.get(f"{story.path}/course")).text
    assert "Chuỗi ghi chép nguyên vẹn" in (await client.get(f"{story.path}/course")).text


async def test_the_file_is_checked_by_two_programs_and_tells_no_open_vote(
    app: FastAPI, story: Story, found: Container, clock: ManualClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]  # noqa: F811
) -> None:
    meeting_id, chair = story.meeting.meeting_id, story.people["chutri"]
    with found.db.write() as conn:
        service.open(conn, meeting_id, chair, clock.now())
        for point in story.points:
            service.seat_join(conn, meeting_id, point, clock.now())
        motion = service.motion_open(conn, meeting_id, "Thông qua", voting.COUNCIL, chair, clock.now())
        seat = seat_store.one(conn, meeting_id, story.points[1])
        service.cast(conn, motion, seat.point_id, "for", seat_of(meeting_id, seat), clock.now())  # type: ignore[arg-type]
    async with browser(app) as head, browser(app) as officer, browser(app) as clerk:
        await sign_in(head, "thuky")
        answer = await head.get(f"{story.path}/course.json")
        assert answer.status_code == 200 and answer.headers["content-disposition"].startswith("attachment")
        document = json.loads(answer.text)
        ballots = [event for event in document["events"] if event.get("kind") == "ballot.cast"]
        assert not ballots and sum("withheld" in event for event in document["events"]) == 1
        with found.db.write() as conn:
            service.motion_close(conn, motion, chair, clock.now())
        answer = await head.get(f"{story.path}/course.json")
        assert any(event.get("kind") == "ballot.cast" for event in json.loads(answer.text)["events"])
        file = tmp_path / "dien-bien.json"
        file.write_bytes(answer.content)
        for login, client in (("xa", officer), ("vanthu", clerk)):
            await sign_in(client, login)
            assert (await client.get(f"{story.path}/course.json")).status_code in (403, 404)
    assert subprocess.run([sys.executable, check_chain.__file__, str(file)], check=False).returncode == 0
    assert main(["verify", str(file), "--language", "vi"]) == 0 and "chuỗi nguyên vẹn" in capsys.readouterr().out
    file.write_bytes(answer.content.replace(b"Giao ban", b"Giao bam"))
    assert subprocess.run([sys.executable, check_chain.__file__, str(file)], check=False, capture_output=True).returncode == 1
    assert main(["verify", str(file), "--json"]) == 1 and json.loads(capsys.readouterr().out)["broken"] == 1
    file.write_text("{}")
    assert main(["verify", str(file)]) == 2


def test_parts_cost_the_same_number_of_statements_however_long_the_chain(db: Database, at) -> None:  # noqa: ANN001
    with db.write() as conn:
        meeting_id = convened(conn, at)
        lengthen(conn, meeting_id, 1200, at, timedelta(seconds=30))
    said: list[str] = []
    with db.read() as conn:
        sqlalchemy_event.listen(conn.engine, "before_cursor_execute", lambda _c, _cursor, text, *_more: said.append(text))
        wanted = Wanted(frozenset({"hand.raised"}), points=("1000", "1006"))
        part = ledger_reading.part(conn, meeting_id, wanted, 0, 50)
        assert part and {event.point["code"] for event in part if event.point} == {"1000", "1006"}
        assert ledger_reading.part(conn, meeting_id, Wanted(points=()), 0, 50) == []
        hours = ledger_reading.hours(conn, meeting_id, Wanted())
        assert sum(n for _hour, _seq, n in hours) == ledger_reading.count(conn, meeting_id, Wanted()) == ledger_store.last_seq(conn, meeting_id)
        assert hours[0][0] <= at < hours[1][0] and hours[1][0] - hours[0][0] == timedelta(hours=1)
        assert ledger_reading.back(conn, meeting_id, Wanted(), None, 10) == ledger_store.last_seq(conn, meeting_id) - 9
        assert ledger_reading.back(conn, meeting_id, Wanted(), 1, 10) is None
    assert len([text for text in said if text.startswith("SELECT")]) == 8
