"""What the levels have agreed on about bookings, what the media server carries, and when things happen, as programs see them.

Only shapes; `show_*` make them from values.  Numbers are those of `scheduler.policies`, `scheduler.capacity_store`, `scheduler.times`,
which say what can be; spans are minutes, losses thousandths.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints, create_model

from scheduler import policies, times
from scheduler.approval import Policy
from scheduler.capacity import MOST_PICTURES, MOST_SOUNDS, Limit
from scheduler.capacity_store import MOST_DECLARED
from scheduler.readiness import Policy as Tests
from scheduler.times import Times
from web.api.shapes import In, Out, Word, example

_MOST = int(policies.LONGEST.total_seconds()) // 60
Minutes = Annotated[int, Field(ge=1, le=_MOST)]
Pair = Annotated[list[Word], Field(min_length=2, max_length=2)]
Level = Annotated[str, StringConstraints(max_length=40)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5)]


class ApprovalsIn(In):
    """Whose yes is needed, who may displace whom, and how long an answer may take; a level that is not named is as "" is."""

    model_config = example(confirms=["commune"], displaces=[["province", "commune"]], answer_within={"": 1440}, remind_before={"": 240})

    confirms: list[Word] = Field([], max_length=100, description="Levels that want to be asked even by their own upper unit.")
    displaces: list[Pair] = Field([], max_length=100, description="[higher, lower]: the higher may take a point that the lower has booked.")
    answer_within: dict[Level, Minutes] = Field({}, max_length=100, description="Working minutes until a request lapses, by level.")
    remind_before: dict[Level, Minutes] = Field({}, max_length=100, description="Minutes before that, when it is reminded of.")


class ApprovalsOut(Out):
    """The rules of booking between levels as they hold."""

    confirms: list[str]
    displaces: list[list[str]]
    answer_within: dict[str, int]
    remind_before: dict[str, int]


class CapacityIn(In):
    """How a point is reckoned, and what the media server carries where somebody declares it."""

    model_config = example(sounds=1, pictures=1, declared=60000)

    sounds: int = Field(ge=1, le=MOST_SOUNDS)
    pictures: int = Field(ge=0, le=MOST_PICTURES)
    declared: int | None = Field(None, ge=1, le=MOST_DECLARED, description="Packets a second; null: as measured, or as assumed.")


class CapacityOut(Out):
    """What bookings are reckoned with: points × (50 × sounds + 72 × pictures) packets a second, at most `packets_per_s`."""

    sounds: int
    pictures: int
    packets_per_s: int
    measured: bool = Field(description="Measured on this server.")
    declared: bool = Field(description="Declared by an administrator.")


_TOLD = {
    "report": "Minutes after a round until technicians and the meeting's secretary hear who is not ready; null: never.",
    "grace": "Minutes after the planned end from which a meeting that was not opened or not ended is over its time.",
    "again": "Minutes between reminders to end one that goes on.",
}


def _field(name: str) -> tuple[Any, Any]:
    if name in times.CLOCKS:
        return Clock, Field(description="Local time.")
    least, most = times.SPANS.get(name) or times.NUMBERS[name]
    told = "Minutes before the start." if name in times.SPANS else _TOLD.get(name)
    if name in times.OPTIONAL:
        return int | None, Field(None, ge=least, le=most, description=told)
    return int, Field(ge=least, le=most, description=told)


def _numbers(found: Times) -> dict[str, Any]:
    """As programs write it: whole numbers, null for what is not wanted, local times."""
    return {name: value if name in times.CLOCKS else int(value) if value else None for name, value in found.typed().items()}


class _Times(In):
    """When line tests, reminders and deadlines fall, and from where on a line is weak or failed; losses in thousandths."""

    model_config = example(**_numbers(Times.from_data({}, Tests())))


_FIELDS: dict[str, Any] = {name: _field(name) for name in (*times.SPANS, *times.NUMBERS, *times.CLOCKS)}
TimesIn: type[In] = create_model("TimesIn", __base__=_Times, __doc__=_Times.__doc__, **_FIELDS)
TimesOut: type[Out] = create_model("TimesOut", __base__=Out, __doc__="The times and limits as they hold.", **{
    name: (kind, Field(description=told.description)) for name, (kind, told) in _FIELDS.items()})


def show_approvals(policy: Policy) -> ApprovalsOut:
    return ApprovalsOut(**policies.as_data(policy))


def show_capacity(limit: Limit) -> CapacityOut:
    return CapacityOut(sounds=limit.sounds, pictures=limit.pictures, packets_per_s=limit.packets_per_s, measured=limit.measured,
                       declared=limit.declared)


def show_times(found: Times) -> Out:
    return TimesOut(**_numbers(found))


def typed(wanted: In) -> dict[str, str]:
    """As `scheduler.times.read` takes it."""
    return {name: "" if value is None else str(value) for name, value in wanted.model_dump().items()}
