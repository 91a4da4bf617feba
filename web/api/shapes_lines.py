"""How the points of a meeting stand, its series and its losses, as programs see them.  Only shapes; `show_*` make them from values."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from meetings.meeting import State
from scheduler.displacing import Loss
from scheduler.readiness import Measured, Reason, Verdict
from scheduler.sent import Sent
from web.api.shapes import In, Line, Out, example
from web.api.shapes_meetings import LATE
from web.readiness import Row
from web.readiness_words import said


class FiguresOut(Out):
    """What the last test measured; null: could not be measured.  Loss in thousandths, throughput in kbit/s, the microphone in dBFS."""

    udp: bool | None
    tcp: bool | None
    relay: bool | None
    rtt_ms: int | None
    loss_up: int | None
    loss_down: int | None
    up_kbps: int | None
    down_kbps: int | None
    mic: str
    mic_dbfs: int | None
    camera: str
    width: int | None
    height: int | None
    fps: int | None


class LineReasonOut(Out):
    """Why a line is not ready.  `code` is stable; `text` and `advice` are in the language of Accept-Language."""

    code: str = Field(examples=["up.small"])
    failed: bool = Field(description="Without this the line would not have failed.")
    text: str
    advice: str


class ContactOut(Out):
    """Whom to phone; empty where the point's card says nothing."""

    name: str
    phone: str


class StandingOut(Out):
    """How one point of a meeting stands by its newest line test."""

    point: str = Field(description="Code of the point.", examples=["06973"])
    name: str
    above: str = Field(description="Name of the unit above.")
    verdict: Verdict
    reasons: list[LineReasonOut] = Field(description="The worst first.")
    figures: FiguresOut | None = Field(description="Null before the first test.")
    tested_at: datetime | None
    round: str = Field(description="The round of that test (T-24h, T-60min, extra); empty before the first.")
    asked: bool = Field(description="Whether it has a link to test.")
    link: Sent = Field(description="What became of the newest notice that brought the link to a point not tested; empty: none was to.")
    technician: ContactOut
    deputy: ContactOut


class OccurrenceOut(Out):
    """One meeting of a series."""

    number: int
    meeting: str = Field(description="Id; GET /meetings/{id} as far as you may read it.")
    start: datetime
    end: datetime
    state: State


class LossOut(Out):
    """Points of a meeting that a higher level took by the rules, and the time that is proposed instead; null: none was found."""

    id: str
    points: list[str] = Field(description="Codes.")
    reason: str
    start: datetime | None
    end: datetime | None


class AnswerIn(In):
    """`rebook`: the proposed time with all points; `dismiss`: the meeting goes on without what it lost."""

    model_config = example(answer="rebook")

    answer: Literal["rebook", "dismiss"]
    reason: Line = LATE


def show_standing(row: Row) -> StandingOut:
    one = row.standing
    return StandingOut(
        point=one.seat.code, name=one.seat.name, above=row.above, verdict=one.verdict, reasons=[_reason(reason) for reason in one.reasons],
        figures=_figures(one.measured) if one.measured else None, tested_at=one.tried_at, round=one.round, asked=one.asked,
        link=one.link.sent, technician=ContactOut(name=row.technician_name, phone=row.technician_phone),
        deputy=ContactOut(name=row.deputy_name, phone=row.deputy_phone))


def _reason(reason: Reason) -> LineReasonOut:
    words = said(reason)
    return LineReasonOut(code=reason.code, failed=reason.failed, text=words.text, advice=words.advice)


def _figures(measured: Measured) -> FiguresOut:
    return FiguresOut(**{name: getattr(measured, name) for name in FiguresOut.model_fields})


def show_loss(loss: Loss, codes: dict[int, str]) -> LossOut:
    proposed = loss.proposed
    return LossOut(id=loss.displacement_id, points=sorted(codes[point] for point in loss.point_ids if point in codes),
                   reason=loss.reason, start=proposed.start if proposed else None, end=proposed.end if proposed else None)
