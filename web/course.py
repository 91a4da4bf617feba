"""The ledger told as a line in time: one sentence an event, in the reader's language.  Pure; the record is not changed.

Unknown kinds are shown by their stable name rather than hidden: a page may not drop what happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from meetings.ledger import Event
from meetings.store.ledger_reading import Wanted
from web.course_words import AREAS
from web.course_words.area import Teller
from web.course_words.topics import OTHER, TOPICS, topic_of
from web.i18n import ngettext

RUN = 6
RUNS: Mapping[str, tuple[str, str]] = {kind: said for area in AREAS for kind, said in area.runs.items()}
MINOR = frozenset().union(*(area.minor for area in AREAS))
TELL: Mapping[str, Teller] = {kind: teller for area in AREAS for kind, teller in area.tell.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record; `inside` are the events of a run of small ones, told together."""

    event: Event
    text: str
    minor: bool
    inside: tuple[tuple[Event, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sees:
    """What a reader may see beside what everybody sees who knows of the meeting.  papers: may read documents.  record: works on the
    minutes.  conduct: conducts the meeting."""

    papers: bool
    record: bool
    conduct: bool = False


def entries(events: Sequence[Event]) -> list[Entry]:
    """The record as lines.  Six or more small events of one kind in a row become one line that unfolds."""
    lines: list[Entry] = []
    for kind, group in groupby(events, key=lambda event: event.kind):
        run = list(group)
        if kind in RUNS and len(run) >= RUN:
            one, many = RUNS[kind]
            told = tuple((event, sentence(event)) for event in run)
            lines.append(Entry(run[0], ngettext(one, many, len(run)), minor=False, inside=told))
        else:
            lines += [Entry(event, sentence(event), kind in MINOR) for event in run]
    return lines


def visible(kind: str, sees: Sees) -> bool:
    """Whether somebody sees events of this kind.  What no area knows is the business of those who make the record."""
    for area in AREAS:
        if kind in area.tell:
            if kind in area.conduct:
                return sees.conduct
            if kind in area.record:
                return sees.record
            return sees.papers or kind not in area.papers
    return sees.record


def topics(sees: Sees) -> dict[str, frozenset[str]]:
    """Topic → its kinds that this reader may see; topics without any are left out."""
    found: dict[str, set[str]] = {topic: set() for topic in (*TOPICS, OTHER)}
    for kind in TELL:
        if visible(kind, sees):
            found[topic_of(kind)].add(kind)
    return {topic: frozenset(kinds) for topic, kinds in found.items() if kinds}


def wanted(sees: Sees, topic: str = "", points: tuple[str, ...] | None = None) -> Wanted:
    """What to ask the ledger for.  Who makes the record sees unknown kinds too, unless they ask for a topic."""
    shown = topics(sees)
    if topic in shown:
        return Wanted(shown[topic], points=points)
    if sees.record:
        return Wanted(but=frozenset(kind for kind in TELL if not visible(kind, sees)), points=points)
    return Wanted(frozenset().union(*shown.values()), points=points)


def sentence(event: Event) -> str:
    """What happened, for people."""
    teller = TELL.get(event.kind)
    if teller is None:
        return event.kind
    point = str((event.point or {}).get("name", ""))
    return teller(dict(event.data), point)
