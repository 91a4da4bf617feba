"""Where commands find the data of an installation when none is named.  Reads the environment, makes nothing."""

from __future__ import annotations

import os
from pathlib import Path

from web.bootstrap import ROOT

DEMO = ROOT / "var" / "demo"
SERVICE = ROOT / "var" / "data"


def data_folder(given: Path | None) -> Path:
    """The folder named by the option, else by DIEMCAU_DATA, else the demonstration's when there is one, else `var/data`."""
    if given:
        return given
    if named := os.environ.get("DIEMCAU_DATA"):
        return Path(named)
    return DEMO if (DEMO / "diemcau.db").exists() else SERVICE

