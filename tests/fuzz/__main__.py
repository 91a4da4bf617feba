"""``python3 -m tests.fuzz TARGET [SECONDS]``: the long form of one target; what breaks it is kept in ``crashers/``.

Guided by coverage where ``atheris`` is installed (extra ``fuzz``), by our own loop otherwise.  Exit code 0: nothing found.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import tempfile
from pathlib import Path

from tests.fuzz.engine import CRASHERS, LONGEST, Target, loop


def main(arguments: list[str]) -> int:
    """Runs the target named first for so many seconds (600)."""
    name, seconds = arguments[0], int(arguments[1]) if len(arguments) > 1 else 600
    try:
        import atheris
    except ImportError:
        from tests.fuzz.targets import TARGETS

        for seed in range(1, 1 + max(1, seconds // 60)):
            print(loop(TARGETS[name], min(60, seconds), seed))
        return 0
    with atheris.instrument_imports(include=["media", "tests.fuzz"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds):
            Path(corpus, f"seed{number}").write_bytes(seed)
        atheris.Setup(
            [sys.argv[0], corpus, f"-max_total_time={seconds}", f"-max_len={min(LONGEST, target.longest)}", "-timeout=20",
             "-print_final_stats=1", "-verbosity=0", "-artifact_prefix=" + tempfile.gettempdir() + "/"],
            lambda data: _keep(target, data),
        )
        atheris.Fuzz()
    return 0


def _keep(target: Target, data: bytes) -> None:
    try:
        target.run(data)
    except Exception:
        folder = CRASHERS / target.name
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            (folder / f"{hashlib.sha256(data).hexdigest()[:16]}.bin").write_bytes(data)
        raise


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
