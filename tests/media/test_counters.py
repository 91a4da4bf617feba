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
            if not isinstance(node, ast.Attribute | ast.Subscript) or not isinstance(node.ctx, ast.Load):
                continue
            if not ast.unparse(node.value).endswith(("counters", "counters()", "['counters']")):
                continue
            if isinstance(node, ast.Attribute):
                read.add(node.attr)
            elif isinstance(node.slice, ast.Constant):
                read.add(str(node.slice.value))
    unseen = set(Counters().as_dict()) - read
    assert not unseen, f"no test reads {sorted(unseen)}"
