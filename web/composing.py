"""`python -m web.composing`: makes one file of a recording, in a process of its own that gives way to everything else.

Reads one JSON line: `{folder, out, format, names}`; says JSON lines `progress {done, total}` (seconds), then `ended {bytes,
sha256, damaged, missing, broken}` or `failed {reason}`.  Ends with whoever started it, and leaves no half file.  Started by
`web/composer.py`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

NICE = 10
LOOK = 0.5  # seconds between two looks whether the parent is still there
OK, FAILED = 0, 1


def main() -> int:
    os.nice(NICE)
    parent = os.getppid()
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    from media.compose import compose  # a second: decoders and encoders
    from media.errors import MediaError
    from media.record_store import Store
    from web.commands.compose import FONT

    task = json.loads(sys.stdin.readline())
    out, told = Path(task["out"]), [-1]

    def progress(done: float, total: float) -> None:
        if int(done) > told[0]:
            told[0] = int(done)
            _say({"event": "progress", "done": int(done), "total": max(1, int(total))})

    try:
        result = compose(Path(task["folder"]), out, task["format"], names=task["names"], font=FONT, progress=progress)
        digest = Store.digest_of(out)
    except (MediaError, OSError, ValueError) as error:
        _say({"event": "failed", "reason": str(error)[:200]})
        return FAILED
    _say({"event": "ended", "bytes": out.stat().st_size, "sha256": digest, "damaged": result.damaged, "missing": result.missing,
          "broken": result.broken})
    return OK


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(FAILED)


if __name__ == "__main__":
    sys.exit(main())
