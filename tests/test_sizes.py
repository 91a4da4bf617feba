"""A module can be read in one sitting, a function on one screen.  The limits of ARCHITECTURE.md, enforced."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
OURS = ("meetings", "media", "scheduler", "minutes", "web")


def test_no_module_is_longer_than_one_sitting() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {count}"
        for package in (*OURS, "tests")
        for path in (ROOT / package).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE
    ]
    assert not long, "\n".join(long)


def test_no_script_of_a_page_is_longer_than_one_sitting() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {count}"
        for path in (ROOT / "web" / "static").rglob("*.js")
        if "vendor" not in path.parts and (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE
    ]
    assert not long, "\n".join(long)


def test_no_function_is_longer_than_one_screen() -> None:
    long = []
    for package in OURS:
        for path in (ROOT / package).rglob("*.py"):
            if "migrations/versions" in path.as_posix():
                continue  # a migration is a list of statements, read from top to bottom
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    count = (node.end_lineno or node.lineno) - node.lineno + 1
                    if count > LONGEST_FUNCTION:
                        long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {count}")
    assert not long, "\n".join(long)
