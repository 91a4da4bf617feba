"""What README, operating page and deployment files tell people to type, held against the commands as they are."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from web.commands import COMMANDS, parser_of
from web.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ("README.md", "CHANGES.md", "compose.yaml", "docs/operating.md", "docs/benchmarks.md", "docs/protocol.md")
TYPED = re.compile(r"python3 -m web((?:[ ](?:\"[^\"\n]*\"|[^\s`|()\",;#]+))*)")


def typed() -> list[tuple[str, str]]:
    return sorted({
        (page, found.strip()) for page in PAGES for found in TYPED.findall((ROOT / page).read_text(encoding="utf-8"))
        if found.split() and found.split()[0] in COMMANDS})


@pytest.mark.parametrize(("page", "words"), typed())
def test_what_people_are_told_to_type_exists(page: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence may name a command without all that it needs; it may not name what does not exist."""
    name, *rest = shlex.split(words.rstrip(".:").replace(" N", " 5"))
    try:
        parser_of(name).parse_args(rest)
    except SystemExit:
        assert "còn thiếu:" in capsys.readouterr().err, f"{page}: {words}"
    assert {word for word in rest if word.startswith("--")} <= options(parser_of(name)), f"{page}: {words}"


def options(parser: argparse.ArgumentParser) -> set[str]:
    """All that the command knows, those of its actions too."""
    below = [one for action in parser._actions if isinstance(action, argparse._SubParsersAction) for one in action.choices.values()]
    return set(parser._option_string_actions).union(*map(options, below))


def test_the_places_that_were_looked_at_name_commands() -> None:
    assert len({words.split()[0] for _page, words in typed()}) >= 6


def test_every_variable_of_the_deployment_is_in_its_example_and_the_other_way_round() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    used = set(re.findall(r"\$\{([A-Z_]+)[:}]", compose)) | set(re.findall(r"\{\$([A-Z_]+)\}", (ROOT / "deploy/Caddyfile").read_text()))
    offered = set(re.findall(r"^([A-Z_]+)=", (ROOT / "deploy/env.example").read_text(), re.MULTILINE))
    assert used == offered
    for path in re.findall(r"\./(deploy/[A-Za-z.]+):", compose) + re.findall(r"dockerfile: (\S+)", compose):
        assert (ROOT / path).is_file(), path


def test_coturn_is_given_one_address_and_the_relay_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    compose = (ROOT / "compose.yaml").read_text()
    assert set(re.findall(r"--(?:external|allowed-peer)-ip=(\S+?)\"", compose)) == {"${ADVERTISE}"}
    template = next(iter(re.findall(r"DIEMCAU_ADVERTISE: (.+)", compose)))
    for also, wanted in (("", ("203.0.113.10",)), ("10.0.0.5, 10.1.0.5", ("203.0.113.10", "10.0.0.5", "10.1.0.5"))):
        filled = re.sub(r"\$\{ADVERTISE:\?[^}]*\}", "203.0.113.10", template).replace("${ADVERTISE_ALSO:-}", also)
        monkeypatch.setenv("DIEMCAU_ADVERTISE", filled)
        assert Settings().advertise == wanted


def test_every_setting_stands_on_the_operating_page() -> None:
    told = set(re.findall(r"`DIEMCAU_([A-Z_]+)`", (ROOT / "docs/operating.md").read_text()))
    assert told - {"CONFIG"} == {name.upper() for name in Settings.model_fields} - {"DEMO", "PRODUCTION"}
