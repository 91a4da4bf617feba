"""Every notice that a use case gives has words for a letter, and the words of a request hold what they name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from scheduler.approval import Standing
from web import line_policy
from web.notice_words import WORDS

ROOT = Path(__file__).resolve().parents[2]
OF_THE_MEETING = {"meeting", "time", "place", "chair", "meeting_id"}
REQUEST = OF_THE_MEETING | {"request", "unit", "asked", "convenor", "start", "end", "deadline", "reason"}
OFFERED = {"request.offered": {"points", "offer_start", "offer_end"}, "request.offered_point": {"points"},
           "request.offered_time": {"offer_start", "offer_end"}}


def told() -> Iterator[str]:
    """The literal names of notices: the second argument of `tell`, and of `_tell` where requests and duties wrap it."""
    for package in ("scheduler", "meetings", "minutes", "web"):
        for path in (ROOT / package).rglob("*.py"):
            wraps = "from scheduler.notices import" in path.read_text(encoding="utf-8") or path.name == "duties.py"
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and len(node.args) > 1:
                    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                    if "hub" in ast.unparse(node.func) or "newsroom" in ast.unparse(node.func):
                        continue  # news of an open room, no letter
                    if name == "tell" or (name == "_tell" and wraps):
                        yield from (part.value for part in [node.args[1]] if isinstance(part, ast.Constant))


def test_every_notice_has_words() -> None:
    named = set(told()) | {f"request.{standing.value}" for standing in Standing}
    named |= {f"linetest.{who}" for who in line_policy.WHO}
    assert len(named) > 10 and named <= WORDS.keys(), named - WORDS.keys()


def test_what_the_words_of_a_request_name_is_told_with_it() -> None:
    for what, words in WORDS.items():
        if what.startswith("request"):
            texts = (words.subject, words.text, words.path if isinstance(words.path, str) else "")
            named = {name for text in texts for _literal, name, _spec, _conversion in Formatter().parse(text) if name}
            assert named <= REQUEST | OFFERED.get(what, set()), (what, named - REQUEST)
