"""The migrated schema is the schema that the code believes in, on both databases, and it goes down again."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from meetings.meeting import TRANSITIONS
from meetings.store.base import metadata
from meetings.store.database import Database

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ROOT / "meetings" / "store" / "migrations" / "versions"


def define_all_tables() -> None:
    """Import every module of ours that defines tables."""
    for path in ROOT.glob("[a-z]*/**/*.py"):
        if path.parts[len(ROOT.parts)] in {"meetings", "scheduler", "minutes", "web"}:
            if re.search(r"^\w+ = Table\($", path.read_text(encoding="utf-8"), re.MULTILINE):
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def test_migrations_make_exactly_the_tables_of_the_code(db: Database) -> None:
    define_all_tables()
    with db.read() as conn:
        differences = compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), metadata)
        tables = set(inspect(conn).get_table_names())
    assert tables == {*metadata.tables, "alembic_version"}
    assert not differences


@pytest.mark.parametrize("table", ["meeting", "agenda", "seat", "presence", "motion", "ballot", "ticket", "document",
                                   "join_link", "event", "point", "booking", "outbox", "approval", "displacement", "line_test",
                                   "recording", "recording_told", "composition", "room_setting", "voice", "chat_message", "caption"])
def test_checks_are_in_the_database_under_their_names(db: Database, table: str) -> None:
    with db.read() as conn:
        there = {check["name"] for check in inspect(conn).get_check_constraints(table)}
    wanted = {check.name for check in metadata.tables[table].constraints if type(check).__name__ == "CheckConstraint"}
    assert wanted == there


def test_the_moves_in_the_trigger_are_the_moves_in_the_code() -> None:
    spec = importlib.util.spec_from_file_location("first", VERSIONS / "0001_meetings.py")
    assert spec is not None
    assert spec.loader is not None
    first = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(first)
    assert set(first.MOVES) == {(old.value, new.value) for old, news in TRANSITIONS.items() for new in news}


def test_revisions_form_one_line() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(VERSIONS.glob("*.py"))]
    revisions = [re.search(r'^revision\b.*= "(\w+)"', body, re.MULTILINE) for body in texts]
    downs = [re.search(r'^down_revision\b.*= "(\w+)"', body, re.MULTILINE) for body in texts]
    names = [match.group(1) for match in revisions if match]
    assert [match.group(1) if match else None for match in downs] == [None, *names[:-1]]


@pytest.mark.parametrize("engine", ["sqlite_db", pytest.param("new_postgres_db", marks=pytest.mark.postgres)])
def test_the_schema_goes_down_to_nothing_and_up_again(request: pytest.FixtureRequest, engine: str) -> None:
    db: Database = request.getfixturevalue(engine)
    db.migrate()
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.set_main_option("path_separator", "os")
    with db.write() as conn:
        config.attributes["connection"] = conn
        command.downgrade(config, "base")
        assert set(inspect(conn).get_table_names()) == {"alembic_version"}
        if db.dialect == "postgresql":
            left = conn.execute(text("SELECT proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace"
                                     " WHERE nspname = 'public'")).scalars().all()
            assert left == []
        command.upgrade(config, "head")
        assert "event" in inspect(conn).get_table_names()


def test_revision_files_are_named_after_their_ids_in_order() -> None:
    files = sorted(VERSIONS.glob("[0-9]*.py"))
    before = None
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert f'revision = "{file.stem}"' in text
        assert f"down_revision = {before!r}".replace("'", '"') in text or (before is None and "down_revision = None" in text)
        before = file.stem
