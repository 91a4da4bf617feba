"""What differs between two states of a room, and the state that a difference makes.  Pure; the page does the same in store.js.

A state is {section: value}.  A section whose value is a dict travels by its keys, {"set": {…}, "gone": […]}; any other value
travels whole when it is another one.  `after(state, between(state, newer)) == newer` for all states of the same sections.
Called by the newsroom; `after` also by readers of news that are programs (the rehearsal, tests).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

State = Mapping[str, Any]


def between(older: State, newer: State) -> dict[str, Any]:
    """The parts of a `change` event; empty when nothing differs."""
    parts: dict[str, Any] = {}
    for section, value in newer.items():
        before = older.get(section)
        if value == before and section in older:
            continue
        if isinstance(value, dict) and isinstance(before, dict):
            parts[section] = {
                "set": {key: one for key, one in value.items() if key not in before or before[key] != one},
                "gone": [key for key in before if key not in value],
            }
        else:
            parts[section] = {"is": value}
    return parts


def after(state: State, parts: Mapping[str, Any]) -> dict[str, Any]:
    """The state once these parts have changed."""
    made = dict(state)
    for section, change in parts.items():
        if "is" in change:
            made[section] = change["is"]
        else:
            gone = set(change["gone"])
            made[section] = {key: one for key, one in state[section].items() if key not in gone} | change["set"]
    return made
