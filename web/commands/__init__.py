"""The command line: one module a command, each with `add(parser)` and `run(arguments) -> exit status`.

No argument at all means `demo`.  A command's module is imported only when it is the one asked for, so that `verify`
does not pay for the web server.  Called by `web/__main__.py`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TextIO

COMMANDS: dict[str, str] = {
    "demo": "a province with a meeting that is live now, on this machine",
    "serve": "the product, with settings from environment and a file",
    "rehearse": "the whole journey without a person, every step checked",
    "verify": "says whether a signed PDF or a packet is valid, who signed, when",
    "users": "adds accounts, sets passwords, imports a list",
    "units": "imports units of any province",
    "ticket": "prints tickets for a media room",
    "bench": "measures the relay on this machine",
    "doctor": "looks at this machine and says what to do",
}
USAGE = 2


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns its exit status.  Unknown words and bad options end with status 2 and the usage."""
    words = sys.argv[1:] if argv is None else argv
    if words and words[0] in ("-h", "--help"):
        return _overview(sys.stdout)
    if not words or words[0].startswith("-"):
        words = ["demo", *words]
    name, rest = words[0], words[1:]
    if name not in COMMANDS:
        print(f"python3 -m web: no command named {name!r}\n", file=sys.stderr)
        _overview(sys.stderr)
        return USAGE
    _speak()
    module = importlib.import_module(f"web.commands.{name}")
    parser = argparse.ArgumentParser(prog=f"python3 -m web {name}", description=COMMANDS[name])
    module.add(parser)
    try:
        return int(module.run(parser.parse_args(rest)))
    except KeyboardInterrupt:
        return 130


def _speak() -> None:
    """The terminal's language: DIEMCAU_LANGUAGE, else the locale's; English where neither says Vietnamese."""
    from web.i18n import I18n, speak

    said = next((os.environ[name] for name in ("DIEMCAU_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
                 if os.environ.get(name)), "")
    I18n()
    speak("vi" if said.lower().startswith("vi") else "en")


def _overview(stream: TextIO) -> int:
    lines = ["usage: python3 -m web [COMMAND] [OPTIONS]   (no command = demo)", ""]
    lines += [f"  {name:<10}{what}" for name, what in COMMANDS.items()]
    lines += ["", "python3 -m web COMMAND --help shows a command's options; python3 -m tests runs the tests."]
    print("\n".join(lines), file=stream)
    return 0
