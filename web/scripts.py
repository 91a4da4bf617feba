"""Addresses of script modules, such that a browser keeps all of them for good and fetches them beside each other.

A module names its neighbours by relative addresses, which carry no hash; so the hash stands before the path,
/static/=HASH/room/main.js, where they inherit it.  It is that of all scripts together: one changes, all are new.
Called by templates (`module`, `preloads`) and by the server of static files (`plain`).
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path, PurePosixPath

STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^(?:import|export)(?:[^;"()]*?\sfrom)?\s*"(\.\.?/[^"]+)"', re.MULTILINE)


@cache
def digest() -> str:
    """Of every script that is served."""
    whole = hashlib.sha256()
    for path in sorted(STATIC.rglob("*.js")):
        whole.update(str(path.relative_to(STATIC)).encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()[:12]


def module(path: str) -> str:
    """Address of the module at static/`path`."""
    return f"/static/={digest()}/{path}"


@cache
def preloads(path: str) -> tuple[str, ...]:
    """Addresses of everything that the module imports at once, however deep: one round trip instead of one a level."""
    found: dict[str, None] = {}
    todo = [PurePosixPath(path)]
    while todo:
        at = todo.pop()
        for name in _IMPORT.findall((STATIC / at).read_text(encoding="utf-8")):
            wanted = _joined(at.parent, name)
            if str(wanted) not in found:
                found[str(wanted)] = None
                todo.append(wanted)
    return tuple(module(one) for one in found if one != path)


def plain(path: str) -> tuple[str, bool]:
    """Of a path below /static: the file's own path, and whether the hash before it is today's."""
    mark, _slash, rest = path.partition("/")
    return (rest, mark[1:] == digest()) if mark.startswith("=") else (path, False)


def _joined(folder: PurePosixPath, name: str) -> PurePosixPath:
    parts = list(folder.parts)
    for part in PurePosixPath(name).parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)
