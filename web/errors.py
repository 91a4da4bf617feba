"""Turns error codes into sentences, statuses and pages.  The only place that knows both; nothing else writes prose.

Strangers get one and the same 404 for what is not theirs and for what does not exist.  A page never shows a trace:
an unexpected error is logged under a number, and the number is what the person sees.  Installed by `app.py`.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meetings.errors import Closed, Conflict, Invalid, MeetingError, NotAllowed, NotFound, Stale, TooLarge, Unavailable
from web import capacity, messages, words
from web.api import body, problem
from web.container import container
from web.csrf import Forged
from web.guard import PasswordFirst, SignInFirst
from web.i18n import _, ngettext
from web.limits import MIB, RETRY, UPLOAD, BodyTooLarge
from web.pages import page
from web.rates import TooMany

log = logging.getLogger("web")
_SECRETS = re.compile("^/(j|p|t|r|d|feeds)/[^/]+")
_LINKED = re.compile("^(/[jp]/[^/]+)/")
"""Addresses that are keys: whoever reads a log must not be able to walk in."""

STATUS: dict[type[MeetingError], int] = {
    NotAllowed: 403, NotFound: 404, Conflict: 409, Stale: 409, Closed: 409, Invalid: 422, TooLarge: 413, Unavailable: 503,
}


def say(code: str, **values: Any) -> str:
    """The sentence of a code, `{names}` filled in."""
    return _(messages.TEXTS[code]).format_map(_Params(values))


class _Params(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def explain(error: MeetingError, request: Request | None = None) -> str:
    """The sentence of an error in the request's language."""
    if error.code == "booking.overlap":
        return _overlap(error, request)
    if error.code == "capacity.full":
        return capacity.refusal(error.params)
    if error.code in ("booking.hours", "booking.closed") and (points := error.params.get("points")):
        return _closed(points, request)
    if error.code == "point.booked" and request is not None:
        return _booked(error, request)
    code = error.code
    if code == "document.empty" and "name" in error.params:
        code = "upload.empty"  # a file of 0 bytes; the other one is a record without a subject
    text = messages.TEXTS.get(code)
    if text is None:
        log.warning("no text for error code %s", error.code)
        return _("Không làm được việc này ({code}).", code=error.code)
    return _(text).format_map(_Params(shown(error.params)))


def shown(params: Mapping[str, Any]) -> dict[str, Any]:
    """Params as text: reasons that are codes themselves are explained, fields are called by name, the rest stays."""
    found = dict(params)
    if label := words.FIELDS.get(str(found.get("field"))):
        found["field"] = _(label)
        found["Field"] = found["field"][:1].upper() + found["field"][1:]
    reason = found.get("reason")
    if isinstance(reason, str) and reason in messages.TEXTS:
        found["reason"] = _(messages.TEXTS[reason]).format_map(_Params(params))
    return found


def _closed(points: Sequence[Mapping[str, Any]], request: Request | None) -> str:
    first = points[0]
    hours = first["hours"].replace(" ", ", ") or _("nghỉ")
    if since := first.get("since"):
        said = _("Điểm cầu {name} đã đóng từ ngày {day}. Hãy bỏ điểm cầu này hoặc chọn điểm cầu khác của đơn vị.",
                 name=first["name"], day=container(request).when.date(since) if request else since.isoformat())
    else:
        said = _("Điểm cầu {name} hôm đó nhận đặt lịch: {hours}. Chọn giờ khác hoặc bỏ điểm cầu này.", name=first["name"], hours=hours)
    rest = ngettext("Còn {n} điểm cầu khác cũng vướng.", "{n} more points have conflicts.", len(points) - 1) if len(points) > 1 else ""
    return f"{said} {rest}".strip()


def _booked(error: MeetingError, request: Request) -> str:
    """What has to be moved before a point can be closed: the first of it by name, as far as the reader may know of it."""
    first, when = error.params["conflicts"][0], container(request).when
    said = _("Chưa đóng được: điểm cầu còn lịch {span} ({what}). Hãy chuyển cuộc họp đó sang điểm cầu khác trước.",
             span=when.span(first["start"], first["end"]), what=first["meeting_title"] or first["unit"])
    more = error.params["count"] - 1
    rest = ngettext("Còn {n} lịch khác.", "{n} more bookings.", more) if more else ""
    return f"{said} {rest}".strip()


def _overlap(error: MeetingError, request: Request | None) -> str:
    conflicts = list(error.params.get("conflicts", ()))
    if not conflicts or request is None:
        return _("Có điểm cầu đã có lịch vào giờ này. Hãy chọn giờ khác.")
    first = conflicts[0]
    hours = container(request).when.hours(first["start"], first["end"])
    if first["note"] is not None:
        said = _(
            "Điểm cầu {name} không dùng được {hours} ({note}). Chọn giờ khác hoặc bỏ điểm cầu này.",
            name=first["name"], hours=hours, note=first["note"],
        )
    elif first["meeting_title"]:
        said = _(
            "Điểm cầu {name} đã có lịch {hours} ({meeting}, {unit}). Chọn giờ khác hoặc bỏ điểm cầu này.",
            name=first["name"], hours=hours, meeting=first["meeting_title"], unit=first["unit"],
        )
    else:  # a meeting this person may not know of: its time and unit are enough
        said = _(
            "Điểm cầu {name} đã có lịch {hours} ({unit}). Chọn giờ khác hoặc bỏ điểm cầu này.",
            name=first["name"], hours=hours, unit=first["unit"],
        )
    if len(conflicts) == 1:
        return said
    rest = ngettext("Còn {n} điểm cầu khác cũng vướng.", "{n} more points have conflicts.", len(conflicts) - 1)
    return f"{said} {rest}"


def status_of(error: MeetingError) -> int:
    if isinstance(error, problem.Refused):
        return error.status
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)


def wants_json(request: Request) -> bool:
    """Programs get JSON: the media routes and the interface always, others when they ask for it and not for HTML."""
    accept = request.headers.get("accept", "")
    return request.url.path.startswith(("/media/", problem.PREFIX)) or ("json" in accept and "text/html" not in accept)


def answer(
    request: Request, status: int, code: str, text: str, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """One error as a page, as JSON `{error, message}`, or on the interface as a problem document with `more` members."""
    retry = RETRY if status == 503 else {}
    if request.url.path.startswith(problem.PREFIX):
        return problem.document(status, code, text, {**retry, **(headers or {})}, **more)
    if wants_json(request):
        return JSONResponse({"error": code, "message": text}, status, {**retry, **(headers or {})})
    return page(request, "error.html", status, headers, missing=status == 404, text=text, back=_door(request) if status != 404 else None)


def _door(request: Request) -> str | None:
    """The page that somebody without an account came from: of the link in the address."""
    found = _LINKED.match(request.url.path)
    return found[1] if found else None


def install(app: FastAPI) -> None:
    """Registers every handler below."""
    handlers: dict[type[Exception], Any] = {
        MeetingError: _meeting, SignInFirst: _sign_in, PasswordFirst: _password, Forged: _forged, TooMany: _too_many,
        BodyTooLarge: _too_large, HTTPException: _http, RequestValidationError: _validation, ClientDisconnect: _gone,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _meeting(request: Request, error: MeetingError) -> Response:
    if isinstance(error, Conflict | Unavailable):
        container(request).counts.add("database", "conflict" if isinstance(error, Conflict) else "away")
    if isinstance(error, Unavailable):
        log.warning("%s at %s %s", error, request.method, _place(request), exc_info=error.__cause__)
    text = explain(error, request)
    return answer(request, status_of(error), error.code, text, **problem.members(error, text))


async def _sign_in(request: Request, _error: SignInFirst) -> Response:
    if wants_json(request) or request.method not in ("GET", "HEAD"):
        return answer(request, 401, "signin.needed", _("Hãy đăng nhập trước."), {"www-authenticate": "Bearer"})
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse("/signin?" + urlencode({"next": back}) if back != "/" else "/signin", 303)


async def _password(request: Request, _error: PasswordFirst) -> Response:
    if wants_json(request):
        return answer(request, 403, "password.change_first", _("Hãy đổi mật khẩu trước."))
    return RedirectResponse("/password", 303)


async def _forged(request: Request, _error: Forged) -> Response:
    return answer(request, 403, "forged", say("forged"))


async def _too_many(request: Request, error: TooMany) -> Response:
    minutes = max(1, round(error.retry_after / 60))
    wait = ngettext("{n} phút", "{n} minutes", minutes)
    text = say("too_many", wait=wait)
    return answer(request, 429, "too_many", text, {"retry-after": str(error.retry_after)})


async def _too_large(request: Request, _error: BodyTooLarge) -> Response:
    code = "verify.upload" if request.url.path.rstrip("/") == "/verify" else "body.too_large"
    return answer(request, 413, code, say(code, limit=UPLOAD // MIB), {"connection": "close"})


async def _http(request: Request, error: HTTPException) -> Response:
    code = {404: "not_found", 405: "method", 403: "not_allowed"}.get(error.status_code, "bad_request")
    headers = dict(error.headers) if error.headers else None
    return answer(request, error.status_code, code, say(code), headers)


async def _validation(request: Request, error: RequestValidationError) -> Response:
    # A wrong id in the path is a page that does not exist; anything else is a request nobody's form sends.
    in_path = any(part.get("loc", ("",))[0] == "path" for part in error.errors())
    if request.url.path.startswith(problem.PREFIX) and not in_path:
        return await _meeting(request, problem.wrong(body.in_words(error.errors(), "?")))
    status, code = (404, "not_found") if in_path else (400, "bad_request")
    return answer(request, status, code, say(code))


async def _gone(_request: Request, _error: ClientDisconnect) -> Response:
    """Whoever asked has hung up before the question was whole: nothing was done, and nobody reads the answer."""
    return Response(status_code=400)


class Unexpected:
    """ASGI middleware: the page of an error that nobody foresaw.

    A handler for Exception would not do: Starlette runs that one outside of all middleware, so its page would have
    neither the security headers nor the reader's language.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception as error:
            if scope["type"] != "http" or begun:
                raise  # half an answer is out: the server cuts the line, and the client sees that
            await _broken(Request(scope), error)(scope, receive, send)


def _place(request: Request) -> str:
    """Where something went wrong, for the log: the path without the secret of a link."""
    return _SECRETS.sub(r"/\1/…", request.url.path)


def _broken(request: Request, error: Exception) -> Response:
    incident = secrets.token_hex(4)
    log.error("incident %s at %s %s", incident, request.method, _place(request), exc_info=error)
    return answer(request, 500, "broken", say("broken", incident=incident))
