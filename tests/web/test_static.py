"""Files of others are what their manifest says, with their licences beside them; scripts and icons fit the pages."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STATIC = ROOT / "web" / "static"


def test_vendored_files_are_unchanged_and_all_are_listed() -> None:
    rows = [line.split() for line in (STATIC / "VENDORED").read_text().splitlines() if not line.startswith("#")]
    for digest, path, *_rest in rows:
        assert hashlib.sha256((ROOT / path).read_bytes()).hexdigest() == digest, path
    listed = {path for _digest, path, *_rest in rows}
    assert {str(font.relative_to(ROOT)) for font in (STATIC / "fonts").glob("*.woff2")} <= listed
    for licence in ("web/static/fonts/OFL.txt", "web/static/icons/LUCIDE.txt", "tests/web/vendor/axe.LICENSE"):
        assert (ROOT / licence).stat().st_size > 500


def test_every_icon_a_page_asks_for_is_in_the_sprite() -> None:
    known = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons" / "sprite.svg").read_text()))
    asked: set[str] = set()
    for path in (ROOT / "web" / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r"icon\('([\w-]+)'", text)) | set(re.findall(r"chip\('\w*', '([\w-]+)'", text))
    assert len(asked) > 20 and not asked - known


def test_scripts_run_no_text_as_code() -> None:
    for path in STATIC.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function|innerHTML\s*=|document\.write|insertAdjacentHTML", text), path.name
