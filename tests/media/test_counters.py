"""A counter that no test looks at would tell nobody when it stopped counting."""

from __future__ import annotations

import ast
from pathlib import Path

from media.counters import Counters

ROOT = Path(__file__).resolve().parents[1]


def test_every_counter_is_asserted_by_a_test() -> None:
    asserted: set[str] = set()
    for path in ROOT.rglob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            # an assertion itself, or a condition that a test waits for
            if isinstance(node, ast.Assert | ast.Lambda):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Attribute):
                        asserted.add(inner.attr)
                    elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                        asserted.add(inner.value)
    unseen = set(Counters().as_dict()) - asserted
    assert not unseen, f"no test asserts {sorted(unseen)}"
