"""Renders a page: Jinja2 with autoescape, the request's language, the form token, and the frame's five places.

It loads nothing: routes hand in everything a page shows.  Called by every HTML route as
`page(request, "today.html", meetings=…)`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from meetings import access
from meetings.access import Action, Resource, Subject
from web import csrf, scripts, words
from web.container import container
from web.i18n import N_, _, decimal, language, languages, ngettext, own_name
from web.limits import RETRY

HERE = Path(__file__).parent
STATIC = HERE / "static"

NOTICES: dict[str, str] = {
    "booked": N_("Đã đặt {n} điểm cầu. Đường dẫn vào họp của từng điểm đã sẵn sàng."),
    "series": N_("Đã đặt cả chuỗi: {n} buổi họp, mỗi buổi có đường dẫn vào họp riêng."),
    "created": N_("Đã lưu cuộc họp. Chưa đặt điểm cầu nào."),
    "moved": N_("Đã đổi giờ cuộc họp cùng mọi điểm cầu của nó."),
    "cancelled_many": N_("Đã hủy {n} buổi họp của chuỗi. Các điểm cầu đã được trả lại."),
    "changed_many": N_("Đã sửa {n} buổi họp của chuỗi."),
    "cancelled": N_("Đã hủy cuộc họp. Các điểm cầu đã được trả lại."),
    "document": N_("Đã thêm tài liệu."),
    "recording_deleted": N_("Đã xóa bản ghi. Việc xóa được ghi vào diễn biến cuộc họp."),
    "captions_erased": N_("Đã xóa phụ đề. Việc xóa được ghi vào diễn biến cuộc họp."),
    "replaced": N_("Đã thay bằng bản mới. Ai đã đọc bản cũ được báo là tài liệu đã đổi."),
    "withdrawn": N_("Đã rút tài liệu. Không ai đọc được nữa."),
    "settled": N_("Đã xử lý tài liệu của điểm cầu."),
    "revoked": N_("Đã thu hồi đường dẫn cũ. Thẻ mới đã có đường dẫn mới."),
    "password": N_("Đã đổi mật khẩu."),
    "user": N_("Đã tạo tài khoản."),
    "user_locked": N_("Đã khóa tài khoản."),
    "user_opened": N_("Đã mở khóa tài khoản."),
    "units": N_("Đã nạp {n} đơn vị."),
    "saved": N_("Đã lưu."),
    "asked": N_("Đã gửi đề nghị. {n} điểm cầu chờ đơn vị chủ quản xác nhận."),
    "answered": N_("Đã trả lời. Đơn vị đề nghị được báo ngay."),
    "convened": N_("Đã triệu tập. Giấy mời được gửi đến các điểm cầu đã xác nhận."),
    "reminded": N_("Đã nhắc {n} điểm cầu kiểm tra đường truyền."),
    "blocked": N_("Đã ghi lịch bảo trì. Không ai đặt được điểm cầu này trong thời gian đó."),
    "unblocked": N_("Đã gỡ lịch bảo trì. Điểm cầu đặt được trở lại."),
    "made": N_("Đã thêm điểm cầu. Hãy ghi thiết bị, đường truyền và người phụ trách."),
    "closed": N_("Đã đóng điểm cầu. Từ ngày đó không ai đặt được nữa; lịch cũ vẫn giữ nguyên."),
    "reopened": N_("Đã mở lại điểm cầu. Từ nay đặt được."),
    "roll": N_("Đã ghi điểm danh: {n} đại biểu thay đổi."),
    "delegates": N_("Đã nạp {n} đại biểu."),
    "sheet": N_("Đã nạp tệp: {n} điểm cầu được thêm hoặc sửa."),
    "token_revoked": N_("Đã thu hồi mã."),
    "agenda": N_("Đã lưu chương trình."),
    "replied": N_("Đã ghi câu trả lời của bạn. Cảm ơn."),
    "again": N_("Đã xếp {n} mục để gửi lại ngay."),
    "times": N_("Đã lưu. Việc đang chờ của {n} cuộc họp theo giờ mới."),
    "slip_reminded": N_("Đã gửi lại phiếu cho những người chưa trả lời."),
    "slip_extended": N_("Đã lùi hạn trả lời."),
    "feed_revoked": N_("Đã hủy địa chỉ lịch. Ai còn dùng địa chỉ đó không xem được nữa."),
}
"""What a page may say after a redirect: `?done=booked&n=239`.  Only these sentences, so an address can say nothing else."""


def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )
    env.globals.update(_=_, ngettext=ngettext, static=static, module=scripts.module, preloads=scripts.preloads, query=query, size=size, state_name=state_name, number=number)
    return env


@lru_cache(maxsize=256)
def static(path: str) -> str:
    """Address of a static file with the hash of its content, so that browsers may keep it for good."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def query(request: Request, **changes: Any) -> str:
    """The present address's query with `changes` (None removes), for filters that live in the address."""
    kept = {name: value for name, value in request.query_params.items() if name not in ("done", "n")}
    kept.update({name: str(value) for name, value in changes.items() if value is not None})
    for name, value in changes.items():
        if value is None:
            kept.pop(name, None)
    return f"?{urlencode(kept)}" if kept else request.url.path


def size(n: int) -> str:
    """128 KB, 3,4 MB: decimal comma in Vietnamese."""
    if n < 1_000_000:
        return f"{max(1, round(n / 1000))} KB"
    return decimal(f"{n / 1_000_000:.1f} MB")


def number(value: float | str) -> str:
    """2,3: decimal comma in Vietnamese."""
    return decimal(value if isinstance(value, str) else f"{value:.10g}")


def state_name(state: str) -> str:
    return _(words.STATES[state])


_templates = _environment()


def page(
    request: Request, name: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """The rendered template.  Sends the browser's mark with the first form it gets (see `csrf.py`)."""
    text = _templates.get_template(name).render(**_frame(request), **values)
    response = HTMLResponse(text, status, {**(RETRY if status == 503 else {}), **(headers or {})})
    mark, new = csrf.visit(request)
    if new:
        secure = container(request).settings.secure
        response.set_cookie(csrf.visit_cookie(request), mark, httponly=True, samesite="lax", secure=secure, path="/")
    return response


def _frame(request: Request) -> dict[str, Any]:
    found = container(request)
    subject: Subject | None = getattr(request.state, "subject", None)
    notice = NOTICES.get(request.query_params.get("done", ""))
    return {
        "request": request,
        "me": subject if subject and subject.user_id else None,
        "lang": language(),
        "other_languages": [(code, own_name(code)) for code in languages() if code != language()],
        "csrf_token": csrf.token(request),
        "settings": found.settings,
        "when": found.when,
        "now": found.clock.now(),
        "notice": _(notice, n=request.query_params.get("n", "")[:6]) if notice else None,
        "may": lambda action, resource=None: may(subject, action, resource),
    }


def may(subject: Subject | None, action: str, resource: Resource | None = None) -> bool:
    """Whether to show a button; the route asks again."""
    return access.decide(subject or access.ANONYMOUS, Action(action), resource or Resource(kind="page")).allowed


def done(path: str, notice: str | None = None, n: int | None = None) -> RedirectResponse:
    """See other: the answer to every form that worked, so that reloading repeats nothing (RFC 9110 §15.4.4)."""
    said = {"done": notice, "n": n}
    extra = urlencode({name: value for name, value in said.items() if value is not None})
    return RedirectResponse(f"{path}?{extra}" if extra else path, 303)
