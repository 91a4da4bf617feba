"""Sentences of papers: what was replaced, withdrawn, handed in, opened, and shown to all page by page."""

from __future__ import annotations

from web.course_words.area import Area, Teller
from web.i18n import N_, _

RUNS: dict[str, tuple[str, str]] = {
    "page.shown": (N_("Lật {n} trang"), "{n} pages turned"),
    "document.opened": (N_("{n} lượt mở tài liệu"), "{n} papers opened"),
}

TELL: dict[str, Teller] = {
    "document.replaced": lambda d, p: _("Thay tài liệu bằng bản mới “{name}”", name=d["name"]),
    "document.withdrawn": lambda d, p: _("Rút tài liệu “{name}”: {reason}", name=d["name"], reason=d["reason"]),
    "document.offered": lambda d, p: _("{point} gửi tài liệu “{name}”", point=p, name=d["name"]),
    "document.accepted": lambda d, p: _("Nhận tài liệu “{name}” của {point}", point=p, name=d["name"]),
    "document.refused": lambda d, p: _("Không nhận tài liệu “{name}” của {point}", point=p, name=d["name"]) + (f": {d['reason']}" if d.get("reason") else ""),
    "document.opened": lambda d, p: _("{point} mở tài liệu", point=p) if p else _("Mở tài liệu"),
    "document.shown": lambda d, p: _("{point} trình chiếu “{name}”, trang {page}", point=p, name=d["name"], page=d["page"]) if p
    else _("Trình chiếu “{name}”, trang {page}", name=d["name"], page=d["page"]),
    "page.shown": lambda d, p: _("Lật đến trang {page}", page=d["page"]),
    "document.hidden": lambda d, p: _("Thôi trình chiếu"),
}

AREA = Area(tell=TELL, runs=RUNS, minor=frozenset({"page.shown", "document.opened"}), papers=frozenset(TELL))
