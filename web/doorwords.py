"""What the door says of the line before somebody goes in: the verdict of the last test, and the words of its script."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from scheduler import line_tests
from scheduler.readiness import Verdict
from web.i18n import _

FRESH = timedelta(hours=24)
"""A test of an older day says little of today's line: the door looks itself."""
WORD = {Verdict.READY: "good", Verdict.WEAK: "weak", Verdict.FAILED: "listen"}


def last_verdict(conn: Connection, point_id: int, at: datetime) -> dict[str, Any] | None:
    """{line: good | weak | listen, at} of the point's newest test within a day; None where there is none."""
    for one in line_tests.history(conn, point_id, 1):
        if one.tried_at is not None and timedelta(0) <= at - one.tried_at < FRESH and one.verdict in WORD:
            return {"line": WORD[one.verdict], "at": one.tried_at}
    return None


def words() -> dict[str, str]:
    return {
        "line_looking": _("Đang xem đường truyền…"),
        "line_good": _("Đường truyền: Tốt"),
        "line_weak": _("Đường truyền: Yếu, nên tắt hình"),
        "line_listen": _("Đường truyền: Chỉ nghe. Hình sẽ không gửi, không nhận"),
        "line_unknown": _("Chưa xem được đường truyền. Bạn vẫn vào họp được"),
        "line_measured": _("tải xuống khoảng {rate}"),
        "line_tested": _("theo lần kiểm tra lúc {at}"),
        "output_n": _("Loa {n}"),
        "no_sound": _("Trình duyệt không phát được tiếng thử. Hãy kiểm tra loa và bấm lại"),
        "listen_now": _("Bạn phải nghe thấy hai tiếng bíp"),
    }
