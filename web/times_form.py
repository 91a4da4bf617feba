"""Giờ và ngưỡng: the form of times and limits, what its fields are called, and what follows from them in words.

A form says hours or minutes and per cent; `scheduler.times` takes minutes and thousandths and decides what can be.  The preview is
reckoned by the very plan that is carried out.  Called by web/routes/times.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from meetings.errors import Invalid, MeetingError
from scheduler import reminders
from scheduler.reminders import Occasion
from scheduler.times import CLOCKS, NUMBERS, ROUNDS, SPANS, WHO, Times
from scheduler.workdays import WorkingDays
from web.errors import explain
from web.i18n import N_, _, ngettext
from web.pages import number
from web.when import When

UNITS: Final = {"h": N_("giờ trước"), "min": N_("phút trước")}
WITH_UNIT: Final = (*ROUNDS, "unanswered")
PERCENT: Final = ("loss_weak", "loss_failed")
LABELS: Final[Mapping[str, str]] = {
    "round1": N_("Kiểm tra đường truyền, đợt 1"),
    "round2": N_("Kiểm tra đường truyền, đợt 2"), "round3": N_("Kiểm tra đường truyền, đợt 3"),
    "report": N_("Báo điểm chưa sẵn sàng"), "technician": N_("Gọi kỹ thuật viên"), "deputy": N_("Gọi người thay"),
    "unanswered": N_("Nhắc trả lời giấy mời"), "room": N_("Báo phòng họp đã mở"),
    "grace": N_("Coi là quá giờ"), "again": N_("Nhắc kết thúc, cách nhau"), "conclusion_days": N_("Hạn ra thông báo kết luận"),
    "morning": N_("Giờ nhắc buổi sáng"), "evening": N_("Giờ hết hạn trong ngày"),
    "voice_kbps": N_("Đủ cho tiếng nói"), "picture_kbps": N_("Đủ cho hình nhỏ"), "good_kbps": N_("Đủ cho hình rõ"),
    "main_times": N_("Đường lên của điểm mọi người cùng xem"), "loss_weak": N_("Mất gói: yếu từ"), "loss_failed": N_("Mất gói: lỗi từ"),
    "rtt_weak_ms": N_("Độ trễ đi và về: yếu từ"), "rtt_failed_ms": N_("Độ trễ đi và về: lỗi từ"), "mic_quiet_dbfs": N_("Micro nhỏ: dưới"),
    "mic_silent_dbfs": N_("Micro không có tiếng: dưới"), "camera_fps": N_("Hình giật: dưới"),
    "declared_percent": N_("Báo nhà mạng khi dưới"),
}
AFTER: Final[Mapping[str, str]] = {
    "report": N_("phút sau mỗi đợt"), "technician": N_("phút trước"), "deputy": N_("phút trước"), "room": N_("phút trước"),
    "grace": N_("phút sau giờ kết thúc"), "again": N_("phút"), "conclusion_days": N_("ngày làm việc sau họp"),
    "voice_kbps": "kbit/s", "picture_kbps": "kbit/s", "good_kbps": "kbit/s", "main_times": N_("lần hình rõ"), "loss_weak": "%",
    "loss_failed": "%", "rtt_weak_ms": "ms", "rtt_failed_ms": "ms", "mic_quiet_dbfs": "dBFS", "mic_silent_dbfs": "dBFS",
    "camera_fps": N_("hình mỗi giây"), "declared_percent": N_("% đường đã khai"),
}
"""What stands behind the field."""
GROUPS: Final = (
    ("before", N_("Trước cuộc họp"), ("round1", "round2", "round3", "report", "technician", "deputy", "unanswered", "room")),
    ("after", N_("Sau cuộc họp"), ("grace", "again", "conclusion_days", "morning", "evening")),
    ("lines", N_("Ngưỡng đường truyền"), ("voice_kbps", "picture_kbps", "good_kbps", "main_times", "loss_weak", "loss_failed", "rtt_weak_ms",
                                          "rtt_failed_ms", "declared_percent")),
    ("devices", N_("Ngưỡng micro và máy quay"), ("mic_quiet_dbfs", "mic_silent_dbfs", "camera_fps")),
)
"""The sections of the form: its mark, its name, its fields."""


def shown(times: Times) -> dict[str, str]:
    """The fields as a form shows them."""
    typed = times.typed()
    for name in WITH_UNIT:
        minutes = int(typed[name] or 0)
        hours = minutes % 60 == 0 and minutes != 60
        typed[f"{name}_unit"] = "h" if hours else "min"
        typed[name] = str(minutes // 60 if hours else minutes) if minutes else ""
    for name in PERCENT:
        typed[name] = number(int(typed[name]) / 10)
    return typed


def sent(form: Mapping[str, Any]) -> dict[str, str]:
    """The fields as they were typed, no longer than a field is."""
    names = (*SPANS, *NUMBERS, *CLOCKS, *(f"{name}_unit" for name in WITH_UNIT))
    return {name: str(form.get(name, "")).strip()[:20] for name in names}


def plain(typed: Mapping[str, str]) -> dict[str, str]:
    """The same in minutes and thousandths, as `scheduler.times.read` takes it; what is no number stays what it is."""
    found = dict(typed)
    for name in WITH_UNIT:
        if typed[f"{name}_unit"] == "h":
            found[name] = _times(typed[name], 60)
    for name in PERCENT:
        found[name] = _times(typed[name], 10)
    return found


def said(errors: Mapping[str, MeetingError]) -> dict[str, str]:
    """Field → its sentence, bounds as people say them."""
    return {name: explain(_bounded(name, error)) for name, error in errors.items()}


def _bounded(name: str, error: MeetingError) -> MeetingError:
    if error.code == "times.span":
        return Invalid(error.code, **{**error.params, "least": _span(error.params["least"]), "most": _span(error.params["most"])})
    if name in PERCENT and "least" in error.params:
        bounds = {key: f"{number(error.params[key] / 10)} %" for key in ("least", "most") if key in error.params}
        return Invalid("times.percent" if error.code == "times.number" else error.code, **{**error.params, **bounds})
    return error


def preview(times: Times, when: When, days: WorkingDays, now: datetime) -> tuple[str, list[str], list[str]]:
    """(an example, what happens around it, how lines are judged), each in words."""
    start = _example(when, days, now)
    plan = reminders.plan(Occasion("-", 0, start, start + timedelta(hours=2)), times.timing, days, now)
    due = {kind: [one.due for one in plan if one.kind == kind] for kind in reminders.KINDS}
    return when.moment(start), _around(times, due, start, when), _judged(times)


def _example(when: When, days: WorkingDays, now: datetime) -> datetime:
    """Eight in the morning, so far ahead that nothing of it is past, two working days in a row before it."""
    day = days.after(when.today(now) + timedelta(days=32), 1)
    while not all(days.works(day - timedelta(days=back)) for back in (1, 2)):
        day = days.after(day, 1)
    return datetime.combine(day, time(8), when.zone)


def _around(times: Times, due: Mapping[str, list[datetime]], start: datetime, when: When) -> list[str]:
    def at(moments: list[datetime]) -> str:
        return _(" và ").join(filter(None, (", ".join(_at(one, start, when) for one in moments[:-1]), _at(moments[-1], start, when))))

    found = [_("Điểm cầu nhận liên kết kiểm tra lúc {times}.", times=at(due[reminders.LINETEST]))]
    if told := [told for opened in due[reminders.LINETEST] if (told := times.policy.reported(opened, start))]:
        found.append(_("Điểm nào lỗi, yếu hay chưa kiểm tra: kỹ thuật viên, người thay và thư ký cuộc họp được báo lúc {times}.", times=at(told)))
    found.append(_called({who: _at(start - before, start, when) for who, before in times.calls}))
    asked = due[reminders.UNANSWERED]
    found.append(_("Ai chưa trả lời giấy mời được nhắc lúc {times}.", times=at(asked)) if asked else _("Không ai được nhắc trả lời giấy mời."))
    found.append(_("Người được mời nhận tin phòng họp đã mở lúc {times}.", times=at(due[reminders.ROOM])))
    found.append(_("Chưa khai mạc hoặc chưa kết thúc lúc {time}: chủ trì và thư ký được báo; còn họp thì nhắc lại sau mỗi {minutes} phút, "
                   "nhiều nhất {most} lần.", time=at(due[reminders.CLOSE]), minutes=int(times.timing.again.total_seconds() // 60), most=reminders.LOOKS))
    found.append(_("Thông báo kết luận: nhắc lúc {soon}, hết hạn lúc {over}.", soon=at(due[reminders.CONCLUSION_SOON]),
                   over=at(due[reminders.CONCLUSION_DUE])))
    return found


def _called(calls: Mapping[str, str]) -> str:
    if calls.keys() >= set(WHO):
        return _("Điểm nào chưa kiểm tra hoặc lỗi: kỹ thuật viên được gọi lúc {technician}, người thay lúc {deputy}.", **calls)
    if "technician" in calls:
        return _("Điểm nào chưa kiểm tra hoặc lỗi: kỹ thuật viên được gọi lúc {technician}.", **calls)
    if "deputy" in calls:
        return _("Điểm nào chưa kiểm tra hoặc lỗi: người thay được gọi lúc {deputy}.", **calls)
    return _("Không ai được gọi khi điểm cầu chưa kiểm tra hoặc lỗi.")


def _judged(times: Times) -> list[str]:
    one = times.limits
    return [
        _("Dưới {voice} kbit/s: lỗi. Từ {voice} đến dưới {picture} kbit/s: yếu, nên tắt hình. Từ {picture} đến dưới {good} kbit/s: yếu, hình nhỏ. "
          "Từ {good} kbit/s mỗi chiều: sẵn sàng.", voice=one.voice_kbps, picture=one.picture_kbps, good=one.good_kbps),
        _("Điểm mọi người cùng xem cần đường lên {kbps} kbit/s.", kbps=one.good_kbps * one.main_times),
        _("Mất gói từ {weak} %: yếu; từ {failed} %: lỗi. Độ trễ từ {late} ms: yếu; từ {dead} ms: lỗi.", weak=number(one.loss_weak / 10),
          failed=number(one.loss_failed / 10), late=one.rtt_weak_ms, dead=one.rtt_failed_ms),
        _("Micro dưới {silent} dBFS: không có tiếng; dưới {quiet} dBFS: nhỏ. Máy quay dưới {fps} hình mỗi giây: hình giật.",
          silent=one.mic_silent_dbfs, quiet=one.mic_quiet_dbfs, fps=one.camera_fps),
    ]


def _at(moment: datetime, start: datetime, when: When) -> str:
    """07:00; 08:00 hôm trước; 08:00 Thứ Tư 04/03."""
    days = (when.local(start).date() - when.local(moment).date()).days
    clock = when.clock(moment)
    if days == 0:
        return clock
    return _("{clock} hôm trước", clock=clock) if days == 1 else f"{clock} {when.day(moment)}"


def _span(minutes: int) -> str:
    if minutes % (24 * 60) == 0:
        return ngettext("{n} ngày", "{n} days", minutes // (24 * 60))
    return ngettext("{n} giờ", "{n} hours", minutes // 60) if minutes % 60 == 0 else ngettext("{n} phút", "{n} minutes", minutes)


def _times(text: str, factor: int) -> str:
    """"1,5" × 60 = "90"; what does not come out whole, or is no number, stays as it is and is refused as what it is."""
    try:
        made = Decimal(text.replace(",", ".")) * factor
    except InvalidOperation:
        return text
    return str(int(made)) if made.is_finite() and made == made.to_integral_value() and abs(made) < 10 ** 7 else text
