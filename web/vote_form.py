"""What a form or a script says of a motion, read into what `meetings.motions` takes, and back.  Never decides.  Called by routes/vote.py.

Fields: title, item, method, preset, options (one a line; none = the usual three), weights (`code = votes`, one a line), entitled
and present (raised hands among people who are not known by name), and each part of a rule, which goes before the preset's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from meetings.errors import Invalid
from meetings.motions import Draft
from meetings.rules import PRESETS, USUAL
from meetings.voting import USUAL as ANSWERS
from meetings.voting import Method, Option, Rule, alternatives
from web.legible import number

PARTS = ("quorum", "quorum_of", "majority", "strict", "base", "members", "over", "tie")


def draft_of(said: Mapping[str, Any]) -> Draft:
    """Raises Invalid("rule.…" | "motion.…")."""
    preset = str(said.get("preset") or USUAL)
    if preset not in PRESETS or str(said.get("method") or Method.ELECTRONIC) not in set(Method):
        raise Invalid("bad_request", field="preset")
    parts = {name: said[name] for name in PARTS if said.get(name) not in (None, "")}
    lines = str(said.get("options") or "").splitlines()
    return Draft(
        str(said.get("title", "")), Rule.from_data({**PRESETS[preset], **parts, "weights": _weights(said.get("weights"))}),
        alternatives(lines) if any(line.strip() for line in lines) else ANSWERS,
        Method(str(said.get("method") or Method.ELECTRONIC)), _item(said.get("item")))


def slip_of(said: Mapping[str, Any]) -> Draft:
    """Of opinion slips: by default more than half of the persons asked; nobody is to be present.  As `draft_of`."""
    return draft_of({**said, "preset": "slip", "method": Method.SLIP.value, "quorum": "0", "quorum_of": ""})


def said_of(row: Row[Any], options: Sequence[Option]) -> dict[str, Any]:
    """The fields as they would have said it: one of the usual rules where it is one, else each of its parts."""
    rule = Rule.from_data(row.rule).as_data()
    parts = {name: "" if rule[name] is None else str(int(rule[name])) if name == "strict" else str(rule[name]) for name in PARTS}
    preset = next((key for key, usual in PRESETS.items() if _same(usual, rule)), None)
    shown = {"members": parts["members"]} if preset else parts
    return {"title": row.title, "method": row.method, "item": row.item or "", "preset": preset or USUAL, **shown,
            "options": "\n".join(option.text for option in options if option.text),
            "weights": "\n".join(f"{code} = {votes}" for code, votes in rule["weights"].items())}


def _same(usual: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    """Whether the rule is this usual one, but for the number of members and the weights."""
    aside = {"members": rule["members"], "weights": rule["weights"]}
    try:
        return Rule.from_data({**usual, **aside}).as_data() == rule
    except Invalid:  # a share of members, of whom this rule knows no number
        return False


def hall_of(said: Mapping[str, Any]) -> tuple[int, int] | None:
    """(may vote, are there) where people are counted who are not known by name."""
    entitled, present = (str(said.get(name) or "") for name in ("entitled", "present"))
    if not entitled and not present:
        return None
    counted = number(entitled), number(present or entitled)
    if counted[0] is None or counted[1] is None:
        raise Invalid("motion.hall", field="entitled")
    return counted[0], counted[1]


def counts_of(said: Mapping[str, Any]) -> dict[str, int]:
    """`count-<choice>` of a form.  Raises Invalid("count.options")."""
    found = {name.removeprefix("count-"): number(str(value)) for name, value in said.items() if name.startswith("count-")}
    if not all(votes is not None for votes in found.values()):
        raise Invalid("count.options", field="counts")
    return {choice: votes for choice, votes in found.items() if votes is not None}


def _item(value: Any) -> int | None:
    if value in (None, ""):
        return None
    item = number(str(value))
    if item is None:
        raise Invalid("motion.item", field="item", item=str(value)[:20])
    return item


def _weights(value: Any) -> dict[str, int]:
    if isinstance(value, Mapping):
        return dict(value)
    found: dict[str, int] = {}
    for line in str(value or "").splitlines():
        if line.strip():
            code, _equal, votes = line.partition("=")
            counted = number(votes.strip())
            if not code.strip() or counted is None:
                raise Invalid("rule.weights", field="weights")
            found[code.strip()] = counted
    return found
