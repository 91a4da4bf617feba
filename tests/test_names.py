"""No test is lost by its name, and the repository speaks of the product alone."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_no_test_is_lost_by_its_name() -> None:
    lost = []
    for path in (ROOT / "tests").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("test_") \
                    and node.name.endswith("_test"):
                lost.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
        has_tests = any(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name.startswith("test_")
                        for n in ast.walk(tree))
        if has_tests and not path.name.startswith("test_"):
            lost.append(f"{path.relative_to(ROOT)} holds tests but is not collected")
    assert not lost, "\n".join(lost)


def test_no_test_sleeps_where_it_could_wait_for_an_event() -> None:
    sleeping = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = re.search(r"\btime\.sleep\(([\d.]+)\)|asyncio\.sleep\(([\d.]+)\)|wait_for_timeout\(", line)
            if match and float(match.group(1) or match.group(2) or 9) > 0.25:
                sleeping.append(f"{path.relative_to(ROOT)}:{number} {line.strip()}")
    assert not sleeping, "\n".join(sleeping)


def test_lock_files_pin_hashes_and_name_no_address() -> None:
    for lock in (ROOT / "locks").glob("*.txt"):
        text = lock.read_text()
        assert "://" not in text, f"{lock.name} names an address"
        pins = re.findall(r"^[A-Za-z0-9_.\-]+==\S+", text, re.MULTILINE)
        assert pins and text.count("--hash=sha256:") >= len(pins), f"{lock.name} has a pin without a hash"


def test_every_dependency_says_why_it_is_there() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    silent = [line for line in lines if re.match(r'\s+"[A-Za-z0-9_.\-]+(\[.*\])?[=><]', line) and "#" not in line]
    assert not silent, f"no reason given: {silent}"


def test_tracked_files_name_no_place_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    places = (str(ROOT.parent) + "/", str(Path.home()) + "/")
    found = []
    for name in filter(None, listed.decode().split("\0")):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".js", ".css", ".html", ".txt", ".typ", ""} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="ignore")
            found += [f"{name}: {place}" for place in places if len(place) > 6 and place in text]
    assert not found, "\n".join(found)
