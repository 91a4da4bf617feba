"""Rules the database itself refuses to break, written once for both dialects.  Called by migrations only.

A migration must do the same for ever, so the text these functions produce may not change: add a new function instead.
A refusal surfaces as `sqlalchemy.exc.IntegrityError` whose text contains the trigger's name on both databases.
"""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError


def refuse(dialect: str, name: str, table: str, verb: str, when: str = "true", lock: str = "") -> list[str]:
    """Statements that make `verb` (INSERT, UPDATE, DELETE) on `table` fail with `name` where `when` holds.

    when: SQL over OLD and NEW that both databases understand.  lock: PostgreSQL only, a PERFORM that takes the row
    locks under which `when` is then judged afresh; SQLite has one writer and needs none.
    """
    if dialect == "sqlite":
        condition = "1" if when == "true" else when
        return [
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{name}'); END"
        ]
    result = "OLD" if verb == "DELETE" else "NEW"
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {lock} "
        f"IF {when} THEN RAISE EXCEPTION '{name}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        f"RETURN {result}; END $$",
        f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


def append_only(dialect: str, table: str) -> list[str]:
    """No row of `table` is ever changed or removed (PostgreSQL: nor is the table truncated)."""
    name = f"{table}_append_only"
    statements = refuse(dialect, f"{name}_update", table, "UPDATE") + refuse(dialect, f"{name}_delete", table, "DELETE")
    if dialect == "postgresql":
        # A row function serves a statement trigger too: it raises before it could return a row.
        statements.append(
            f"CREATE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {name}_delete()"
        )
    return statements


def violated(error: IntegrityError, name: str) -> bool:
    """Was it this trigger, named constraint, or unique index?

    SQLite names the columns of a broken unique index instead of the index, so pass those ("ballot.point_id") as well
    where it matters.
    """
    return name in str(error.orig)
