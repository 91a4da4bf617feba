"""A counter that no test looks at would tell nobody when it stopped counting."""

from __future__ import annotations

import ast
from pathlib import Path

from media.counters import Counters

ROOT = Path(__file__).resolve().parents[1]


def test_every_counter_is_read_by_a_test() -> None:
    read: set[str] = set()
    for path in ROOT.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("counters"):
                read.add(node.attr)
            elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                read.add(str(node.slice.value))
    unseen = set(Counters().as_dict()) - read
    assert not unseen, f"no test reads {sorted(unseen)}"
