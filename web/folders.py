"""Where commands find the data of an installation when none is named.  Reads the environment, makes nothing."""

from __future__ import annotations

import os
from pathlib import Path

from web.bootstrap import ROOT

DEMO = ROOT / "var" / "demo"
SERVICE = Path("var")
"""Where `serve` keeps its data when nothing else is said (`web/settings.py`)."""


def data_folder(given: Path | None) -> Path:
    """The folder named by the option, else by DIEMCAU_DATA, else that of `serve` when it has a database, else the demo's."""
    if given:
        return given
    if named := os.environ.get("DIEMCAU_DATA"):
        return Path(named)
    return SERVICE if (SERVICE / "diemcau.db").exists() else DEMO

