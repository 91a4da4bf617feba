"""Rules of votes that bodies use, as data; a form begins with one of them and may change each part.  Pure.

A rule over `members` still needs their number.  What a law or a regulation says is to be checked by whoever opens the vote; the
sources stand in docs/protocol.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_OF_MEMBERS = {"quorum": "2/3", "quorum_of": "members", "base": "members", "over": "persons"}

PRESETS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({
    "points": {"quorum": "2/3", "majority": "1/2", "base": "entitled", "over": "points"},
    "advisory": {"quorum": "0", "majority": "1/2", "base": "cast", "over": "points"},
    "council": {**_OF_MEMBERS, "majority": "1/2"},
    "council_removal": {**_OF_MEMBERS, "majority": "2/3"},
    "committee": {**_OF_MEMBERS, "majority": "1/2", "tie": "chair"},
    "slip": {"quorum": "0", "majority": "1/2", "base": "entitled", "over": "persons"},
})
"""Points of a conference; advice; a people's council's resolution, its removal of a deputy; a people's committee's session, its slips."""

USUAL: Final = "points"
