"""Every kind of event that the product can write stands in docs/protocol.md, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def written() -> Iterator[tuple[str, str]]:
    """(kind, where) of every `ledger_store.append`; a kind that is handed on is looked up in the same file."""
    for package in ("meetings", "scheduler", "minutes", "web"):
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
                for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                    if ast.unparse(call.func) == "ledger_store.append":
                        place = f"{path.relative_to(ROOT)}:{call.lineno}"
                        found = list(kinds(tree, function, call.args[2]))
                        assert found, f"{place}: what kind is this?"
                        yield from ((kind, place) for kind in found)


def kinds(tree: ast.Module, function: ast.FunctionDef, kind: ast.expr) -> Iterator[str]:
    if isinstance(kind, ast.Name):
        names = [argument.arg for argument in function.args.args]
        for node in ast.walk(tree if kind.id in names else function):
            if kind.id in names and isinstance(node, ast.Call) and ast.unparse(node.func) == function.name:
                yield from constants(node.args[names.index(kind.id)])
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == kind.id:
                yield from constants(node.value)
    else:
        yield from constants(kind)


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
    found = dict(written())
    assert len(found) > 40
    assert set(found) - documented() == set(), "not in docs/protocol.md"
    assert documented() - set(found) == set(), "written nowhere"
