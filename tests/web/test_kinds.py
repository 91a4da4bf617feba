"""Every kind of event that the product can write stands in docs/protocol.md, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from web import course

AUDIT = ("access.", "api_token.", "capacity.", "file.", "policy.", "signin.", "signout", "timing.", "units.", "user.", "workday.")
OF_POINTS = {"point.blocked", "point.changed", "point.closed", "point.made", "point.reopened", "point.unblocked"}
"""Kinds of the audit chain, which no meeting's page tells."""

ROOT = Path(__file__).resolve().parent.parent.parent


def written() -> dict[str, set[str]]:
    """Place → kinds of every `ledger_store.append`; a kind that is handed on is looked up in the same file."""
    found: dict[str, set[str]] = {}
    for package in ("meetings", "scheduler", "minutes", "web"):
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            # A call inside a nested function is met once more for each function around it, one of which knows the kind.
            for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
                for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                    if ast.unparse(call.func) in ("ledger_store.append", "ledger_store.append_all"):
                        place = f"{path.relative_to(ROOT)}:{call.lineno}"
                        found.setdefault(place, set()).update(kinds(tree, function, call.args[2]))
    return found


def kinds(tree: ast.Module, function: ast.FunctionDef, kind: ast.expr) -> Iterator[str]:
    if not isinstance(kind, ast.Name):
        yield from constants(kind)
        return
    names = [argument.arg for argument in function.args.args]
    for node in ast.walk(tree if kind.id in names else function):
        if kind.id in names and isinstance(node, ast.Call) and ast.unparse(node.func) == function.name:
            yield from constants(node.args[names.index(kind.id)])
        elif isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                target, value = target.elts[0], value.elts[0]
            if ast.unparse(target) == kind.id and kind.id not in names:
                yield from constants(value)


def constants(value: ast.expr) -> Iterator[str]:
    for node in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
        assert isinstance(node, ast.Constant), ast.unparse(value)
        yield str(node.value)


def documented() -> set[str]:
    """The first column of the table under "Ledger"."""
    section = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8").split("\n## Ledger\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ") and not line.startswith("| kind")]
    return {kind for row in rows for kind in re.findall(r"`([a-z_.]+)`", row)}


def test_every_kind_of_event_is_in_the_protocol_and_no_other() -> None:
    places = written()
    assert not [place for place, found in places.items() if not found], "of what kind is this event?"
    found = set().union(*places.values())
    assert len(found) > 40
    assert found - documented() == set(), "not in docs/protocol.md"
    assert documented() - found == set(), "written nowhere"


def test_every_kind_of_a_meetings_record_has_a_sentence() -> None:
    told = {kind for kind in documented() if not kind.startswith(AUDIT)}
    assert told - OF_POINTS - set(course.TELL) == set()
