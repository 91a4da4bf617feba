"""Who hears of what a unit is asked, and of a point's line: of those who may act, the first that anything reaches.  Pure.

Who may answer is the word of `access.decide`; here they are put in an order, and a later group is written to only where nobody of
the earlier ones has an address.  What reaches nobody in a unit is told to the unit above (`unheard`).  Called by web/telling.py
and by the page of a meeting's requests.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from meetings.access import Action, Resource, Role, Subject, decide


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an address or a number, or both, or neither.  Who stands on a point's card has no unit and no roles."""

    name: str
    email: str | None = None
    phone: str | None = None
    unit_id: str = ""
    roles: frozenset[Role] = frozenset()


Reaches = Callable[[Person], bool]
"""Whether a letter, or a message where one is sent too, comes to this person."""
Group = tuple[bool, frozenset[Role]]
_OWN, _BODIES = True, False
_HANDS: Final = frozenset({Role.OFFICER, Role.TECHNICIAN})
_ASKED: Final[tuple[Group, ...]] = (
    (_OWN, frozenset({Role.SECRETARY})), (_OWN, frozenset({Role.OFFICER})),
    (_BODIES, frozenset({Role.SECRETARY})), (_BODIES, frozenset({Role.OFFICER})),
    (_OWN, frozenset({Role.CHAIR})), (_BODIES, frozenset({Role.CHAIR})),
)
_KEEPERS: Final[tuple[Group, ...]] = (
    (_OWN, _HANDS), (_OWN, frozenset({Role.SECRETARY})), (_BODIES, _HANDS | {Role.SECRETARY}),
    (_OWN, frozenset({Role.CHAIR})), (_BODIES, frozenset({Role.CHAIR})),
)


def asked(people: Sequence[Person], unit_id: str, units: Collection[str], reaches: Reaches) -> list[Person]:
    """Who hears of what is asked of this unit.  `units`: it and the bodies that act for it; `people`: the accounts of all of them.

    Empty only where nobody who may answer can be reached.
    """
    request = Resource("request", attending_units=frozenset(units))
    able = [one for one in people
            if decide(Subject("-", unit_id=one.unit_id, roles=one.roles), Action.REQUEST_ANSWER, request).allowed]
    return _first(able, unit_id, _ASKED, reaches) or [one for one in able if reaches(one)]


def keepers(people: Sequence[Person], unit_id: str, reaches: Reaches) -> list[Person]:
    """Who hears of the line of a point of this unit, beside those on its card.  As `asked`."""
    return _first(people, unit_id, _KEEPERS, reaches)


def _first(people: Sequence[Person], unit_id: str, groups: Sequence[Group], reaches: Reaches) -> list[Person]:
    for own, roles in groups:
        if found := [one for one in people if (one.unit_id == unit_id) is own and one.roles & roles and reaches(one)]:
            return found
    return []
