"""After a crash: every kind of event is known to the replay, what differs is told, what only mirrors the ledger is mended."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from meetings import muting, service, speaking
from meetings.errors import NotFound
from meetings.replay import NO_STATE, Hall
from meetings.replay.check import CONTRADICTION, Difference, differences
from meetings.replay.mend import MENDABLE
from meetings.replay.part import handler_name
from meetings.speech import Times
from meetings.store import ledger_store
from meetings.store.database import Database
from tests.support.factories import CHAIR, POINTS, convened, draft, opened, seat_of
from tests.support.record import Record
from tests.web.test_kinds import AUDIT, OF_POINTS, documented
from web import recovery
from web.commands import main


def test_every_kind_of_a_meetings_record_is_some_parts_or_none_of_the_halls_business() -> None:
    kinds = {kind for kind in documented() if not kind.startswith(AUDIT)} - OF_POINTS
    parts = Hall().parts
    known = frozenset(kind for kind in kinds if any(hasattr(part, handler_name(kind)) for part in parts))
    assert kinds - known - NO_STATE == set(), "does the hall change by this?  A part of meetings/replay, or NO_STATE"
    assert not known & NO_STATE and kinds >= NO_STATE
    handled = {name for part in parts for name in dir(part) if name.startswith("on_")}
    assert handled == {"on_" + re.sub(r"\W", "_", kind) for kind in known}, "a handler that no kind calls"


@pytest.mark.parametrize(("sql", "section"), [
    ("UPDATE seat SET hand_at = '2026-03-05 01:00:00.000000' WHERE point_id = 2", "hands"),
    ("UPDATE seat SET hand_at = NULL", "hands"),
    ("UPDATE meeting SET title = 'Khác'", "meeting"),
    ("UPDATE speech_times SET speech_s = 999", "times"),
    ("DELETE FROM room_setting", "setting"),
    ("DELETE FROM floor", "floor"),
    ("UPDATE voice SET muted = 0", "said"),
    ("UPDATE conclusion SET removed_at = '2026-03-05 01:00:00.000000'", "conclusions"),
])
def test_a_table_that_was_changed_beside_the_ledger_is_told_and_mirrors_are_mended(
    sqlite_db: Database, at: datetime, sql: str, section: str
) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        speaking.times_set(conn, meeting_id, Times(60), CHAIR, at)
        muting.set_room(conn, meeting_id, CHAIR, at, lobby="free")
        muting.mute(conn, meeting_id, 3, True, CHAIR, at)
        service.conclusion_write(conn, meeting_id, "Giao Sở Y tế", CHAIR, at)
        service.floor_give(conn, meeting_id, 2, CHAIR, at)
        service.hand(conn, meeting_id, 4, True, seat_of(meeting_id, POINTS[3]), at)
    assert recovery.look(sqlite_db, meeting_id, at).well
    with sqlite_db.write() as conn:
        conn.execute(text(sql))
    found = recovery.look(sqlite_db, meeting_id, at)
    assert {one.section for one in found.differ} == {section} and len(recovery.said(found)) == len(found.differ)
    assert found == recovery.look(sqlite_db, meeting_id, at), "looking changes nothing"
    after, = recovery.at_start(sqlite_db, at)
    assert after.well == (section in MENDABLE) and bool(after.mended) == (section in MENDABLE)
    assert recovery.look(sqlite_db, meeting_id, at).well == (section in MENDABLE)


def test_a_meeting_that_cannot_even_be_read_keeps_nobody_out(
    sqlite_db: Database, tmp_path: Path, at: datetime, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite_db.write() as conn:
        broken, whole = opened(conn, at), opened(conn, at)
        muting.set_room(conn, broken, CHAIR, at, lobby="free")
        conn.execute(text("PRAGMA ignore_check_constraints = ON"))
        conn.execute(text("UPDATE room_setting SET lobby = 'nonsense' WHERE meeting_id = :id"), {"id": broken})
    assert {one.meeting_id: one.well for one in recovery.at_start(sqlite_db, at)} == {broken: False, whole: True}
    assert broken in caplog.text
    assert main(["check", "--data", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert broken in said and "1 " in said


def test_what_is_missing_in_one_meeting_keeps_nobody_out_either(sqlite_db: Database, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite_db.write() as conn:
        broken, whole = opened(conn, at), opened(conn, at)

    def missing(conn: Connection, meeting_id: str) -> list[Difference]:
        if meeting_id == broken:
            raise NotFound("seat.unknown")
        return differences(conn, meeting_id)

    monkeypatch.setattr(recovery, "differences", missing)
    assert {one.meeting_id: one.well for one in recovery.at_start(sqlite_db, at)} == {broken: False, whole: True}


def test_a_whole_meeting_with_its_record_is_what_its_ledger_tells(sqlite_db: Database, tmp_path: Path, at: datetime) -> None:
    record = Record(sqlite_db, tmp_path, at)
    meeting_id = record.concluded()
    assert recovery.look(sqlite_db, meeting_id, at).well


def test_the_command_tells_how_all_meetings_stand(
    sqlite_db: Database, tmp_path: Path, at: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        draft(conn, at)
    assert main(["check", "--data", str(tmp_path)]) == 0 and "2 " in capsys.readouterr().out
    with sqlite_db.write() as conn:
        conn.execute(text("UPDATE meeting SET place = 'Khác' WHERE meeting_id = :id"), {"id": meeting_id})
    assert main(["check", "--data", str(tmp_path), meeting_id]) == 1 and "Khác" in capsys.readouterr().out
    assert main(["check", "--data", str(tmp_path), "--json"]) == 1
    assert [len(one["differ"]) for one in json.loads(capsys.readouterr().out) if one["differ"]] == [1]
    assert main(["check", "--data", str(tmp_path), "nope"]) == 2


def test_a_record_that_contradicts_itself_is_told_and_not_raised(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        ledger_store.append(conn, meeting_id, "conclusion.removed", at, data={"ord": 7})
        assert [one.section for one in differences(conn, meeting_id)] == [CONTRADICTION]


def test_a_floor_is_not_written_again_where_the_speeches_differ_too(sqlite_db: Database, at: datetime) -> None:
    """Nobody could take it back."""
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        service.floor_give(conn, meeting_id, 2, CHAIR, at)
        conn.execute(text("DELETE FROM floor"))
        conn.execute(text("DELETE FROM speech"))
    after, = recovery.at_start(sqlite_db, at)
    assert "floor" in {one.section for one in after.differ} and after.mended == ()
    with sqlite_db.write() as conn:
        service.floor_give(conn, meeting_id, 3, CHAIR, at)


def test_what_is_no_operators_business_is_told_without_its_value() -> None:
    one = recovery.shown(Difference("ballots", ("m1", "v1"), ("yes", "receipt"), None))
    assert one == {"section": "ballots", "key": "m1", "told": "…", "kept": "–"}
    assert recovery.shown(Difference("floor", "point", 2, None))["told"] == "2"
