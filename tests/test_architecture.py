"""The import law of ARCHITECTURE.md, read from the source with `ast`.  A new arrow must be argued there first."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("meetings", "media", "scheduler", "minutes", "web")

MAY_IMPORT = {
    "meetings": set(),
    "media": set(),
    "scheduler": {"meetings"},
    "minutes": {"meetings"},
    "web": {"meetings", "media", "scheduler", "minutes"},
}
WEB_SEES_OF_MEDIA = (
    "media.control", "media.errors", "media.limits", "media.peers", "media.bench",
    "media.placement", "media.admission",  # pure: which worker takes a room, and whether one more peer
    "media.record_recover", "media.record_store", "media.record_words", "media.compose",  # what a finished recording is, and a file made of it
)

ONLY_IN: dict[str, tuple[str, ...]] = {
    "aiortc": ("media/wire.py",),
    "aioice": ("media/wire.py",),
    "pylibsrtp": ("media/wire.py",),
    "OpenSSL": ("media/wire.py",),
    "av": ("media/peers", "media/compose"),
    "apscheduler": ("scheduler/ticker.py",),
    "fastapi": ("web/",),
    "starlette": ("web/",),
    "docx": ("minutes/docx",),
    "typst": ("minutes/pdf", "minutes/appearance"),
    "alembic": ("meetings/store/",),
    "sqlalchemy": ("meetings/store/", "scheduler/", "minutes/", "web/"),
}

PURE = (
    "meetings/access.py", "meetings/access_room.py", "meetings/relations.py", "meetings/subjects.py", "meetings/actions.py", "meetings/admission.py", "meetings/agenda.py", "meetings/attendance.py", "meetings/captions.py",
    "meetings/documents.py", "meetings/pages.py", "meetings/errors.py", "meetings/importer.py", "meetings/ledger.py", "meetings/ledger_file.py", "meetings/replay/__init__.py", "meetings/replay/life.py", "meetings/replay/papers.py", "meetings/replay/part.py", "meetings/replay/people.py", "meetings/replay/speech.py", "meetings/replay/voices.py", "meetings/replay/votes.py", "meetings/meeting.py", "meetings/recording.py",
    "meetings/people.py", "meetings/screens.py", "meetings/speech.py", "meetings/units.py", "meetings/voices.py", "meetings/rules.py", "meetings/voting.py", "meetings/polling.py",
    "scheduler/approval.py", "scheduler/audience.py", "scheduler/booking.py", "scheduler/calendar_mail.py", "scheduler/readiness.py", "scheduler/reminders.py", "scheduler/search.py", "scheduler/hearing.py", "scheduler/hours.py", "scheduler/point_card.py", "scheduler/point_sheet.py", "scheduler/capacity.py", "scheduler/delegate_sheet.py", "scheduler/series.py", "scheduler/series_mail.py", "scheduler/series_turn.py", "scheduler/slots.py", "scheduler/times.py", "scheduler/workdays.py",
    "minutes/draft.py", "minutes/invitation.py", "minutes/layout.py", "minutes/model.py", "minutes/signing.py",
    "minutes/versions.py",
    "media/admission.py", "media/letters.py", "media/link.py", "media/load.py", "media/placement.py", "media/placing.py", "media/policy.py", "media/attention.py", "media/binding.py",
    "media/choice.py", "media/descriptor.py", "media/h264.py", "media/intake.py", "media/keyframe.py", "media/layer.py", "media/member.py",
    "media/quality.py", "media/red.py", "media/reports.py", "media/source.py", "media/svc.py",
    "media/answer.py", "media/candidates.py", "media/stun.py", "media/fragment.py", "media/section.py",
    "media/cache.py", "media/counters.py", "media/demux.py", "media/errors.py", "media/limits.py", "media/formats.py", "media/guard.py", "media/headers.py", "media/history.py", "media/relay.py",
    "media/room.py", "media/rtcp.py", "media/rtp.py", "media/sdp.py", "media/seqmap.py", "media/slots.py", "media/speaker.py",
    "media/stream.py", "media/twcc.py", "media/bwe.py", "media/bwe_delay.py", "media/bwe_probe.py", "media/allocate.py",
    "media/pace.py",
    "media/depacketize.py", "media/matroska.py", "media/record_book.py", "media/record_clock.py", "media/record_order.py",
    "media/record_slot.py", "media/record_track.py", "media/record_words.py",
    "web/point_map.py",
)
PLAYERS = ("media/peers_count.py", "media/peers_sdp.py")  # of the synthetic peers; as pure, though no part of the relay
IMPURE_MODULES = {
    "asyncio", "socket", "time", "random", "os", "threading", "subprocess", "sqlalchemy", "fastapi", "aiortc", "httpx",
}
IMPURE_CALLS = {"open", "print", "input"}
CLOCK_READS = {"now", "utcnow", "today"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only: a reader should see where a name comes from"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_packages_import_only_what_the_law_allows() -> None:
    broken = []
    for path, tree in sources():
        package = path.split("/")[0]
        for name in imports(tree):
            top = name.split(".")[0]
            if top in PACKAGES and top != package and top not in MAY_IMPORT[package]:
                broken.append(f"{path} imports {name}")
            if package == "web" and top == "media" and name != "media" and not name.startswith(WEB_SEES_OF_MEDIA):
                broken.append(f"{path} imports {name}")
    assert not broken, "\n".join(broken)


def test_the_relay_reaches_no_decoder_and_no_recorder() -> None:
    trees = {path.removesuffix(".py").replace("/", "."): tree for path, tree in sources() if path.startswith("media/")}
    reached, todo = set(), ["media.__main__"]
    while todo:
        name = todo.pop()
        if name in trees and name not in reached:
            reached.add(name)
            todo += imports(trees[name])
    assert "media.sfu" in reached
    strange = {name for name in reached if name.startswith(("media.peers", "media.record", "media.compose"))}
    assert not strange and not any(name.split(".")[0] == "av" for item in reached for name in imports(trees[item]))


def test_each_library_stays_behind_its_one_door() -> None:
    broken = []
    for path, tree in sources():
        for name in imports(tree):
            doors = ONLY_IN.get(name.split(".")[0])
            if doors and not path.startswith(doors):
                broken.append(f"{path} imports {name}")
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("path", [*PURE, *PLAYERS])
def test_rules_and_protocol_read_no_clock_and_do_no_input_or_output(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    used = sorted({name for name in imports(tree) if name.split(".")[0] in IMPURE_MODULES})
    assert not used, f"{path} is pure but imports {used}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                assert node.func.id not in IMPURE_CALLS, f"{path}:{node.lineno} calls {node.func.id}()"
            if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_READS:
                owner = ast.unparse(node.func.value)
                assert owner.split(".")[-1] not in {"datetime", "date"}, f"{path}:{node.lineno} reads the clock"


def test_the_page_names_what_is_pure_here_and_what_web_sees_of_media() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = {cells[1].strip(" `/"): cells for line in page.splitlines() if len(cells := line.split("|")) == 6}
    for package in ("meetings", "scheduler", "minutes"):
        told = {f"{package}/{word}.py" for word in _named(rows[package][3])}
        assert told == {path for path in PURE if path.startswith(f"{package}/")}, package
    modules = {path.stem for path in (ROOT / "media").glob("*.py")} - {"__init__"}
    shell = {module for module in modules if any(fnmatch(module, word) for word in _named(rows["media"][4]))}
    assert {f"media/{module}.py" for module in modules - shell} == {path for path in PURE if path.startswith("media/")}
    doors = _named(next(part for part in page.split("\n\n") if part.startswith("Doors of media")))
    assert {f"media.{word.rstrip('*')}" for word in doors} == set(WEB_SEES_OF_MEDIA)


def _named(text: str) -> list[str]:
    """The words in backticks."""
    return [word for group in re.findall(r"`([^`]*)`", text) for word in group.split()]


def test_no_drawer_for_odds_and_ends() -> None:
    names = {Path(path).stem for path, _ in sources()}
    assert not names & {"utils", "util", "common", "helpers", "misc"}


def test_every_module_says_what_it_is() -> None:
    silent = [path for path, tree in sources() if tree.body and not ast.get_docstring(tree)]
    assert not silent, f"no docstring: {silent}"
