"""The kinds of values that go in and out of the interface: text that can be kept, instants with a zone, codes, pages.

Strict: a number is no text, a field that is not named is refused, an instant without a zone is none.  What a *use
case* refuses (an end before the start, control signs in a title) is not repeated here.  Pure.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from web import legible
from web.when import FIRST_YEAR, LAST_YEAR

T = TypeVar("T")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.*")


def _text(text: str) -> str:
    if not legible.kept(text):
        raise PydanticCustomError("illegible", "text with NUL or half a character")
    return text


def _iso(value: Any) -> Any:
    """Numbers are no instants here, though the library would take them for seconds."""
    if not isinstance(value, datetime) and not (isinstance(value, str) and _ISO.fullmatch(value)):
        raise PydanticCustomError("moment", "not an instant")
    return value


def _utc(at: datetime) -> datetime:
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise PydanticCustomError("moment", "a year beyond the calendar")
    return at.astimezone(UTC)


Text = Annotated[str, AfterValidator(_text)]
Line = Annotated[Text, StringConstraints(max_length=500)]
Word = Annotated[Text, StringConstraints(min_length=1, max_length=64)]
Code = Annotated[Text, StringConstraints(min_length=1, max_length=40)]
Moment = Annotated[AwareDatetime, Strict(False), BeforeValidator(_iso), AfterValidator(_utc)]

UNSET: Any = Field(default=None, json_schema_extra=lambda schema: schema.pop("default", None))
"""The default of a field that may be left out but may not be null."""


def example(**fields: Any) -> ConfigDict:
    """A body as it might be sent: every body has one in the description, and a test sends it."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


class In(BaseModel):
    """What a program sends."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Out(BaseModel):
    """What a program is shown.  `beside`: fields that are said of an answer, and are no part of the version it shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    beside: ClassVar[frozenset[str]] = frozenset()


class Listed(Out, Generic[T]):
    """A part of a list; the address of the next part is in the Link header, its cursor here."""

    items: list[T]
    next: str | None = Field(None, description="Cursor of the next part; null on the last.")


class FieldProblem(Out):
    """One mistake."""

    pointer: str = Field(description="JSON pointer into the body, or `?name` for a parameter.", examples=["/agenda/0/title"])
    error: str = Field(examples=["string_too_long"])
    detail: str


class Conflict(Out):
    """A booking in the way.  `meeting` and `title` are null where the reader may not know of the meeting; maintenance has none, and a note."""

    point: str = Field(description="Code of the point.", examples=["06973"])
    name: str
    start: datetime
    end: datetime
    unit: str = Field(description="Name of the unit that convenes.")
    meeting: str | None
    title: str | None
    note: str | None


class ClosedPoint(Out):
    """A point that takes no booking from `start` to `end`; `hours` are those of that day, empty where it is closed.

    `since`: the day from which it is closed for good.
    """

    point: str = Field(description="Code of the point.", examples=["06973"])
    name: str
    hours: str = Field(examples=["07:00–11:30 13:00–17:00"])
    start: datetime
    end: datetime
    since: date | None = None


class Beside(Out):
    """A meeting at the busiest moment of the time asked for."""

    start: datetime
    end: datetime
    points: int


class Arithmetic(Out):
    """points × (50 × sounds + 72 × pictures) = wanted packets a second, beside `others` of the `meetings` at that time."""

    points: int
    sounds: int
    pictures: int
    wanted: int
    others: int
    limit: int
    measured: bool = Field(description="Measured on this server; else assumed, or declared by an administrator.")
    declared: bool
    room: int = Field(description="How many points there is room for.")
    meetings: list[Beside]


class Problem(Out):
    """RFC 9457.  `error` is the stable code; `detail` is in the language of Accept-Language (vi, en)."""

    type: str = Field(examples=["urn:diemcau:error:booking.overlap"])
    title: str
    status: int
    detail: str
    error: str = Field(examples=["booking.overlap"])
    errors: list[FieldProblem] = []
    conflicts: list[Conflict] = []
    points: list[ClosedPoint] = []
    capacity: Arithmetic | None = None
