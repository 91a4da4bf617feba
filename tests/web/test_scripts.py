"""The rules in the room's scripts that need no page: run by the program that the browsers' driver brings along."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

HERE = Path(__file__).parent / "js"


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.js")))
def test_rules_of_scripts(name: str) -> None:
    node, _cli = compute_driver_executable()
    done = subprocess.run([node, "--no-warnings", "--test", name], cwd=HERE, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
