"""Which installation a command works on, and whether a folder is the demonstration's.  Makes nothing, changes nothing.

Called by the commands.  Where nobody names a folder, those that a newcomer tries on the demonstration find it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from web.bootstrap import ROOT

if TYPE_CHECKING:
    from web.settings import Settings

DEMO = ROOT / "var" / "demo"
ACCOUNTS = "demo-accounts.json"
"""Where a demonstration or rehearsal keeps its accounts (`web/scene.py`), and by which its folder is known."""


def installation(given: Path | None) -> Settings:
    """The settings that `serve` would have, with the option's folder; the demonstration's where nothing names another.

    Raises BadSettings.
    """
    from web.settings import read  # a third of a second to import; `verify` with --trust needs none of it

    if given:
        return read(data=given)
    settings = read()
    named = settings.model_fields_set & {"data", "database"}
    return settings if named or (settings.data / "diemcau.db").exists() else read(data=DEMO)


def data_folder(given: Path | None) -> Path:
    """The folder of that installation.  Raises BadSettings."""
    return given or installation(None).data


def is_demonstration(folder: Path) -> bool:
    """Whether the folder was made by `demo` or `rehearse`: test signatures count there, and anybody may know passwords."""
    return (folder / ACCOUNTS).exists()
