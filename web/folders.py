"""Where commands find the data of an installation when none is named.  Reads the environment, makes nothing."""

from __future__ import annotations

import os
from pathlib import Path

from web.bootstrap import ROOT

DEMO = ROOT / "var" / "demo"
ACCOUNTS = "demo-accounts.json"
"""Where a demonstration or rehearsal keeps its accounts (`web/scene.py`), and by which its folder is known."""
SERVICE = Path("var")
"""Where `serve` keeps its data when nothing else is said (`web/settings.py`)."""


def is_demonstration(folder: Path) -> bool:
    """Whether the folder was made by `demo` or `rehearse`, so that test signatures count there."""
    return (folder / ACCOUNTS).exists()


def data_folder(given: Path | None) -> Path:
    """The folder named by the option, else by DIEMCAU_DATA, else that of `serve` when it has a database, else the demo's."""
    if given:
        return given
    if named := os.environ.get("DIEMCAU_DATA"):
        return Path(named)
    return SERVICE if (SERVICE / "diemcau.db").exists() else DEMO

