"""The migration of mail goes down and up with rows in the tables: what older versions know stays, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from meetings.store import database
from meetings.store.database import Database

BEFORE = next(path.stem for path in sorted((database.MIGRATIONS / "versions").glob("[0-9]*.py"), reverse=True)
              if path.stem < next((database.MIGRATIONS / "versions").glob("*_mail.py")).stem)
AT = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize("engine", ["sqlite_db", pytest.param("new_postgres_db", marks=pytest.mark.postgres)])
def test_accounts_and_items_stay_through_down_and_up(request: pytest.FixtureRequest, engine: str) -> None:
    db: Database = request.getfixturevalue(engine)
    db.migrate()
    config = Config()
    config.set_main_option("script_location", str(Path(database.MIGRATIONS)))
    config.set_main_option("path_separator", "os")

    def logins(conn: Connection) -> list[str]:
        return list(conn.execute(text("SELECT login FROM account ORDER BY login")).scalars())

    with db.write() as conn:
        config.attributes["connection"] = conn
        for login, columns, values in (("a", ", email, phone", ", 'a@b.vn', '0912345678'"), ("b", "", "")):
            conn.execute(text(
                f"INSERT INTO account (user_id, login, name, roles, password_hash, must_change, created_at{columns})"
                f" VALUES ('{login}', '{login}', 'n', '[]', 'x', :no, :at{values})"), {"no": False, "at": AT})
        conn.execute(text("INSERT INTO outbox (item_id, key, kind, due_at, payload, state, tries)"
                          " VALUES (1, 'k', 'mail', :at, '{}', 'waiting', 0)"), {"at": AT})
        conn.execute(text("INSERT INTO timing (timing_id, data) VALUES (1, '{}')"))
        command.downgrade(config, BEFORE)
        assert logins(conn) == ["a", "b"]
        command.upgrade(config, "head")
        assert logins(conn) == ["a", "b"] and conn.execute(text("SELECT key FROM outbox")).scalars().all() == ["k"]
        assert conn.execute(text("SELECT count(*) FROM account WHERE email IS NULL")).scalar() == 2
