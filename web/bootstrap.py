"""Brings up the environment: own virtual environment, locked and hash-checked packages, then runs again inside it.

Standard library only, because it runs before anything is installed.  It never touches anything outside the clone
(the caches live in `.cache/`), except that as root it may ask the system's package manager for `venv`.
Called by `web/__main__.py` and `tests/__main__.py` as their very first step.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CACHE = ROOT / ".cache"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
MARKER = VENV / "installed.json"
MINIMUM = (3, 11)


class SetupFailed(Exception):
    """Something on this machine is missing; the message says what, and what to do about it."""


def ensure(lock: str, module: str) -> None:
    """Returns at once inside a ready environment; otherwise prepares it and replaces this process by `-m module`.

    `lock` names a file in `locks/` without its suffix.  Exits with status 3 and a plain sentence where it cannot.
    """
    try:
        prepare(lock)
    except SetupFailed as reason:
        print(f"\n✕ {reason}", file=sys.stderr)
        raise SystemExit(3) from None
    if Path(sys.prefix).resolve() != VENV.resolve():
        arguments = [str(PYTHON), "-m", module, *sys.argv[1:]]
        sys.stdout.flush()
        os.execve(str(PYTHON), arguments, _environment())


def say(text: str) -> None:
    """One line of progress, at once."""
    print(text, flush=True)


def prepare(lock: str) -> None:
    """Makes the environment stand without running anything in it.  Raises SetupFailed."""
    if sys.version_info < MINIMUM:
        raise SetupFailed(
            f"Python {MINIMUM[0]}.{MINIMUM[1]} or newer is needed; this is {sys.version.split()[0]}. "
            "On Debian 12 or Ubuntu 24.04 the system's own python3 is new enough."
        )
    wanted = hashlib.sha256((ROOT / "locks" / f"{lock}.txt").read_bytes()).hexdigest()
    done = _installed()
    if done.get("python") == _identity() and done.get(lock) == wanted:
        return
    if done.get("python") != _identity() and VENV.exists():
        say("• The virtual environment belongs to another Python or place: making a new one")
        shutil.rmtree(VENV)
        done = {}
    started = time.monotonic()
    if not PYTHON.exists():
        say(f"• Making a virtual environment in {VENV.name}/")
        _make_venv()
    say(f"• Installing locked packages ({lock}); every file is checked against its hash")
    _install(lock)
    done.update({"python": _identity(), lock: wanted})
    if lock == "test":  # the test lock contains the run lock
        done["run"] = hashlib.sha256((ROOT / "locks" / "run.txt").read_bytes()).hexdigest()
    temporary = MARKER.with_suffix(".tmp")
    temporary.write_text(json.dumps(done))
    temporary.replace(MARKER)
    say(f"• Environment ready after {time.monotonic() - started:.0f} s")


def _identity() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor} {VENV}"


def _installed() -> dict[str, str]:
    try:
        return dict(json.loads(MARKER.read_text())) if PYTHON.exists() else {}
    except (OSError, ValueError):
        return {}


def _make_venv() -> None:
    command = [sys.executable, "-m", "venv", str(VENV)]
    if subprocess.run(command, capture_output=True).returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"• This Python has no venv: asking the system for {package}")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update"], **quiet)
        wait = ["-o", "DPkg::Lock::Timeout=600"]
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *wait, package], **quiet)
        if subprocess.run(command, capture_output=True).returncode == 0:
            return
        shutil.rmtree(VENV, ignore_errors=True)
    raise SetupFailed(f"This Python cannot make virtual environments. Install it once: sudo apt-get install {package}")


def _install(lock: str) -> None:
    requirements = ["--require-hashes", "-r", str(ROOT / "locks" / f"{lock}.txt")]
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check"]
    quick = [*pip, "install", "--quiet", "--require-hashes", "-r", str(ROOT / "locks" / "uv.txt")]
    if _run(quick, quiet=True) == 0:
        uv = [str(PYTHON), "-m", "uv", "pip", "install", "--python", str(PYTHON), *requirements]
        if _run(uv) == 0:
            return
        say("• The fast installer did not manage; trying the slow one")
    if _run([*pip, "install", "--only-binary=:all:", *requirements]) != 0:
        raise SetupFailed(
            "The packages could not be installed. They come from the Python package index that pip is set up for: "
            "check the network and run the same command again; what was downloaded is kept in .cache/."
        )


def _run(command: list[str], quiet: bool = False) -> int:
    target = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, env=_environment(), stdout=target, stderr=target, cwd=ROOT).returncode


def _environment() -> dict[str, str]:
    """This process's environment with the caches moved into the clone and pip's index settings told to uv."""
    environment = dict(os.environ)
    environment.setdefault("PIP_CACHE_DIR", str(CACHE / "pip"))
    environment.setdefault("UV_CACHE_DIR", str(CACHE / "uv"))
    environment.setdefault("UV_LINK_MODE", "copy")
    environment.pop("PYTHONHOME", None)
    for ours, names in {
        "UV_DEFAULT_INDEX": ("PIP_INDEX_URL", "global.index-url"),
        "SSL_CERT_FILE": ("PIP_CERT", "global.cert"),
    }.items():
        value = os.environ.get(names[0]) or _pip_setting(names[1])
        if value and ours not in environment:
            environment[ours] = value
    return environment


_settings: dict[str, str] | None = None


def _pip_setting(name: str) -> str:
    global _settings
    if _settings is None:
        _settings = {}
        if PYTHON.exists():
            listed = subprocess.run([str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
            for line in listed.splitlines():
                key, _, value = line.partition("=")
                _settings[key.strip()] = value.strip().strip("'\"")
    return _settings.get(name, "")
