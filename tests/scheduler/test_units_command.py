"""`units import` and `units list`, as typed: what is printed, the exit status, and that a bad file leaves no trace."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from meetings.store import ledger_store, unit_store
from meetings.store.database import Database
from meetings.store.datasets import DATA
from scheduler import points
from web.commands import main

QUANG_NINH = DATA / "units-quang-ninh-2020.csv"
SUCCESSION = DATA / "succession-quang-ninh-2025-07-01.csv"


@pytest.fixture
def folder(sqlite_template: Path, tmp_path: Path) -> Path:
    """A data folder with an empty database."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "diemcau.db").write_bytes(sqlite_template.read_bytes())
    return tmp_path / "data"


def units(folder: Path, *words: str) -> int:
    return main(["units", *words, "--data", str(folder)])


def counts(folder: Path) -> tuple[int, int, list[str]]:
    """(units, points, kinds of audit events)."""
    database = Database(f"sqlite:///{folder / 'diemcau.db'}")
    with database.read() as conn:
        audit = [one.kind for one in ledger_store.events(conn, None)]
        found = unit_store.count(conn), len(points.all_points(conn)), audit
    database.close()
    return found


def reformed(path: Path) -> Path:
    """The province's own rows of the country's file of 2025."""
    lines = (DATA / "units-vietnam-2025.csv").read_text(encoding="utf-8").splitlines()
    mine = [line for line in lines[1:] if line.startswith("22,") or line.split(",")[4] == "22"]
    path.write_text("\n".join([lines[0], *mine]) + "\n", encoding="utf-8")
    return path


def test_a_province_and_its_reform_are_imported_with_points_and_audit_events(folder: Path, tmp_path: Path) -> None:
    assert units(folder, "import", str(QUANG_NINH)) == 0
    assert counts(folder) == (191, 191, ["units.imported"])
    new = reformed(tmp_path / "new.csv")
    assert units(folder, "import", str(new)) == 1, "without the list the codes belong to others"
    assert counts(folder) == (191, 191, ["units.imported"])
    assert units(folder, "import", str(new), "--succession", str(SUCCESSION)) == 0
    assert counts(folder) == (191 + 54, 191 + 54, ["units.imported"] * 2)


def test_a_bad_row_is_named_by_line_and_nothing_is_loaded(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(QUANG_NINH.read_text(encoding="utf-8") + "6979,commune,xã,Xã Mới,22,,,t,2020\n", encoding="utf-8")
    assert units(folder, "import", str(bad)) == 1
    said = capsys.readouterr().err
    assert "193" in said and "6979" in said, said
    assert "Chưa nạp gì" in said
    assert counts(folder) == (0, 0, [])


def test_a_file_that_is_not_there_is_said_plainly(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert units(folder, "import", "nowhere.csv") == 2
    assert "nowhere.csv" in capsys.readouterr().err


def test_the_list_is_a_tree_of_a_day_and_can_be_searched(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    units(folder, "import", str(QUANG_NINH))
    capsys.readouterr()
    assert units(folder, "list", "--on", datetime(2021, 1, 1, tzinfo=UTC).date().isoformat()) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("22  Tỉnh Quảng Ninh\n  193  Thành phố Hạ Long\n    06649  Phường Hà Khánh\n")
    assert "191" in shown.err
    units(folder, "list", "--search", "dap thanh")
    assert capsys.readouterr().out == "06979  Xã Đạp Thanh\n"
