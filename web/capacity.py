"""What one relay process carries on this machine: `capacity.json` of the data directory, as `bench capacity` wrote it.

A file that is absent or cannot be used counts as not measured.  Called by `app.py`, whenever a worker starts.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from media.admission import Capacity

log = logging.getLogger("web.media")

FILE = "capacity.json"


def read(data: Path) -> Capacity:
    """Never raises."""
    try:
        return Capacity.read(json.loads((data / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Capacity()
    except (OSError, ValueError) as error:
        log.warning("%s: %s", FILE, error)
        return Capacity()
