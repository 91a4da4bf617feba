"""Refusals of the interface as problem documents (RFC 9457): one stable type for each code, sentences in the reader's language.

`type` is `urn:diemcau:error:` and the code, as on the media routes; `error` repeats the code for programs that compare
words.  It knows no request and no catalogue of codes: `web/errors.py` fills it in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi.responses import JSONResponse

from meetings.errors import MeetingError
from web.i18n import N_, _

PREFIX = "/api/v1/"
MEDIA_TYPE = "application/problem+json"

TITLES: dict[int, str] = {
    400: N_("Yêu cầu không đọc được"), 401: N_("Chưa đăng nhập"), 403: N_("Không được làm việc này"),
    404: N_("Không tìm thấy"), 405: N_("Cách gửi không đúng"), 409: N_("Có việc khác vướng"),
    412: N_("Đã có người thay đổi"), 413: N_("Nội dung quá lớn"), 415: N_("Kiểu nội dung không đúng"),
    422: N_("Nội dung không đúng"), 428: N_("Thiếu phiên bản đang sửa"), 429: N_("Gửi quá nhanh"),
    500: N_("Hệ thống gặp lỗi"), 503: N_("Máy chủ đang bận"),
}
"""What each status means in three words; `detail` says what happened this time."""


class Refused(MeetingError):
    """A refusal that only the interface has: its manners were not kept.  `status` is the answer's."""

    def __init__(self, code: str, status: int, **params: Any) -> None:
        super().__init__(code, **params)
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.code, self.status, self.params)


def _rebuild(code: str, status: int, params: dict[str, Any]) -> Refused:
    return Refused(code, status, **params)


def document(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """The answer.  `more` are further members: `errors` for fields, `conflicts`, `points`, `capacity` for what stands in the way."""
    body = {"type": f"urn:diemcau:error:{code}", "title": _(TITLES.get(status, TITLES[400])), "status": status,
            "detail": detail, "error": code, **more}
    return JSONResponse(body, status, dict(headers or {}), media_type=MEDIA_TYPE)


def members(error: MeetingError, detail: str) -> dict[str, Any]:
    """What a refusal says beyond its sentence: which fields, which bookings stand in the way, which points are closed, and
    the arithmetic of the media server; of a series those of all its dates."""
    if isinstance(error, Refused) and "errors" in error.params:
        return {"errors": error.params["errors"]}
    found: dict[str, Any] = {}
    for one in (error, *(occurrence["error"] for occurrence in error.params.get("occurrences", ()))):
        if one.code in ("booking.overlap", "point.booked"):
            found.setdefault("conflicts", []).extend(conflict(booking) for booking in one.params.get("conflicts", ()))
        elif one.code in ("booking.hours", "booking.closed"):
            found.setdefault("points", []).extend(_closed(one))
        elif one.code == "capacity.full":
            found.setdefault("capacity", _stamped(one.params))  # of the first date that does not fit
    if found:
        return found
    field = error.params.get("field")
    return {"errors": [{"pointer": f"/{field}", "error": error.code, "detail": detail}]} if field else {}


def _closed(error: MeetingError) -> Iterator[dict[str, Any]]:
    for point in error.params["points"]:
        yield {"point": point["code"], "name": point["name"], "hours": point["hours"],
               "start": _stamp(error.params["start"]), "end": _stamp(error.params["end"]),
               **({"since": point["since"].isoformat()} if "since" in point else {})}


def _stamped(params: Mapping[str, Any]) -> dict[str, Any]:
    meetings = [{**one, "start": _stamp(one["start"]), "end": _stamp(one["end"])} for one in params["meetings"]]
    return {**params, "meetings": meetings}


def conflict(found: Mapping[str, Any]) -> dict[str, Any]:
    """One booking in the way; meeting and title are null where the reader may not know of the meeting."""
    return {
        "point": found["code"], "name": found["name"], "start": _stamp(found["start"]), "end": _stamp(found["end"]),
        "unit": found["unit"], "meeting": found["meeting"], "title": found["meeting_title"], "note": found.get("note"),
    }


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def for_field(pointer: str, code: str, detail: str) -> dict[str, str]:
    """An entry of `errors`: a JSON pointer into the body, or the name of a parameter with a question mark before it."""
    return {"pointer": pointer, "error": code, "detail": detail}


def wrong(errors: Sequence[dict[str, str]]) -> Refused:
    """The body or the parameters have these mistakes."""
    return Refused("api.invalid", 422, errors=list(errors))
