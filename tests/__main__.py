"""`python3 -m tests [check | journeys | long [NAME] | PATH…]`: prepares all that the tests need, then runs them.

Standard library only until the environment stands.  Installs two browsers and a few checking programs through the
system's package manager where it may; says plainly what is missing where it may not.  Nothing is skipped silently.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

from web import bootstrap

PROGRAMS = {
    "chromium": ("chromium", "the browser that plays the users"),
    "firefox-esr": ("firefox-esr", "the other browser: both meet in one room"),
    "pdfsig": ("poppler-utils", "a second program that checks PDF signatures"),
    "pdftotext": ("poppler-utils", "reads the text of PDFs"),
    "qpdf": ("qpdf", "checks the structure of PDFs"),
    "ffprobe": ("ffmpeg", "a second program that plays recordings"),
    "openssl": ("openssl", "a second program that checks certificates and packets"),
    "ip": ("iproute2", "makes the second computer, a network namespace of our own"),
    "nft": ("nftables", "is the firewall of an office"),
    "turnserver": ("coturn", "the server that passes media on for offices that block all else"),
    "tc": ("iproute2", "makes the line to that computer as weak as a test wants it"),
}
ALIASES = {"firefox-esr": "firefox"}  # where another distribution calls it so
LIBRARIES = {"libatomic.so.1": ("libatomic1", "the driver of the browser is linked against it")}
NEEDED = {**PROGRAMS, **LIBRARIES}
ALONE = "alone"
USAGE = """usage: python3 -m tests [check | journeys | long [NAME] | PYTEST ARGUMENTS…]
  (nothing)    everything that CI runs, shortened runs of every suite
  check        no browser, no PostgreSQL, no network namespace
  journeys     the journeys through the whole product, with a real browser
  long [NAME]  the long forms (optionally those whose name contains NAME)"""


def main() -> int:
    words = sys.argv[1:]
    if words[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    if words[:1] != ["check"]:
        _programs()
    # Journeys and bars of time first, by themselves: beside the rest they would tell of the machine instead of the product.
    parts = [_selection(words)] if words else [["-m", f"{ALONE} and not long"], _selection(words)]
    codes = [subprocess.run([sys.executable, "-m", "pytest", *part], cwd=bootstrap.ROOT, env=_calm()).returncode for part in parts]
    return max(codes, key=abs)


def _selection(words: list[str]) -> list[str]:
    if not words:
        return ["-m", f"not long and not {ALONE}", "-n", str(min(2, os.cpu_count() or 1)), "--dist", "loadfile"]
    if words[0] == "check":
        return ["-m", "not long and not browser and not postgres and not netns", *words[1:]]
    if words[0] == "journeys":
        return ["tests/journeys", "-m", "not long", *words[1:]]
    if words[0] == "long":
        return ["-m", "long", *(["-k", words[1]] if len(words) > 1 else []), *words[2:]]
    return words


def _calm() -> dict[str, str]:
    """The environment of the tests: no settings of a running installation leak in, and the many processes that they start
    find everything compiled already."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DIEMCAU_") and key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(bootstrap.CACHE / "bytecode")}


def _programs() -> None:
    missing = _missing()
    if missing and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        packages = sorted({NEEDED[name][0] for name in missing})
        bootstrap.say(f"• Asking the system for {', '.join(packages)} (once)")
        log = bootstrap.CACHE / "apt.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        wait = ["-o", "DPkg::Lock::Timeout=600"]
        with log.open("wb") as out:
            for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
                subprocess.run(["apt-get", *wait, *command], stdout=out, stderr=out, env=quiet)
        missing = _missing()
    if missing:
        for name in missing:
            package, purpose = NEEDED[name]
            print(f"✕ {name} is missing: {purpose}. Install it once: sudo apt-get install {package}", file=sys.stderr)
        print("  Without these, `python3 -m tests check` runs what needs none of them.", file=sys.stderr)
        raise SystemExit(3)


def _missing() -> list[str]:
    programs = [name for name in PROGRAMS if not _there(name) and not _there(ALIASES.get(name, name))]
    return programs + [name for name in LIBRARIES if not _loads(name)]


def _there(program: str) -> bool:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return shutil.which(program, path=path) is not None or Path("/usr/bin", program).exists()


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    if sys.argv[1:2] not in (["-h"], ["--help"]):
        bootstrap.ensure("test", "tests")
    raise SystemExit(main())
