"""Sentences of a vote in the room; `web.voting_words` says the same on pages."""

from __future__ import annotations

from web.i18n import _
from web.voting_words import BASES, NO_SECRET


def words() -> dict[str, str]:
    return {
        "for": _("Tán thành"),
        "against": _("Không tán thành"),
        "abstain": _("Không biểu quyết"),
        "no_motion": _("Hiện không có biểu quyết nào."),
        "cast_of": _("{n}/{total} điểm cầu đã biểu quyết"),
        "cast_of_persons": _("{n}/{total} đại biểu đã biểu quyết"),
        "you_voted": _("Bạn đã biểu quyết: {choice}"),
        "name_voted": _("{name} đã biểu quyết: {choice}"),
        "your_point_voted": _("Điểm cầu của bạn đã biểu quyết"),
        "receipt": _("Mã biên nhận"),
        "own_receipts": _("Phiếu và mã biên nhận của điểm cầu này"),
        "not_entitled": _("Điểm cầu này không biểu quyết."),
        "no_persons": _("Điểm cầu này không có đại biểu nào được biểu quyết. Chỉ ai đã điểm danh trước khi mở biểu quyết mới có quyền."),
        "by_hands": _("Biểu quyết bằng giơ tay: hãy giơ tay trước camera khi chủ trì hỏi từng phương án."),
        "count_waits": _("Đã ghi kết quả đếm tay; chờ người thứ hai chứng kiến."),
        "count_witnessed": _("Kết quả đếm tay đã có người chứng kiến."),
        "last_vote": _("Kết quả gần nhất"),
        "passed": _("Đã thông qua"),
        "passed_option": _("Đã thông qua: {option}"),
        "not_passed": _("Không thông qua"),
        "none_passed": _("Không phương án nào được thông qua"),
        "tie_chair": _("số phiếu ngang nhau, theo phía chủ trì"),
        "tie_fails": _("số phiếu ngang nhau"),
        "why_open": _(NO_SECRET),
        "why_open_title": _("Vì sao không bỏ phiếu kín?"),
        **_rules(), **_console(),
    }


def _rules() -> dict[str, str]:
    return {
        "rule_more": _("Thông qua khi tán thành quá {share} {base}."),
        "rule_least": _("Thông qua khi tán thành từ {share} {base} trở lên."),
        "rule_more_own": _("Thông qua khi một phương án được quá {share} {base}."),
        "rule_least_own": _("Thông qua khi một phương án được từ {share} {base} trở lên."),
        "rule_all": _("Thông qua khi tất cả tán thành, tính trên {base}."),
        "rule_tie": _("Khi số phiếu ngang nhau thì theo phía chủ trì."),
        "quorum_was": _("Có mặt {present}, cần ít nhất {needed} ({share} của {whole})."),
        "quorum_none": _("Có mặt {present}/{entitled}; không đặt mức tối thiểu."),
        "sum_enough": _("{share} × {base} = {threshold}; {choice} {votes}: đủ."),
        "sum_short": _("{share} × {base} = {threshold}; {choice} {votes}: chưa đủ."),
        **{f"base_{base}_{over}": _(said) for (base, over), said in BASES.items()},
    }


def _console() -> dict[str, str]:
    return {
        "start_motion": _("Mở biểu quyết"),
        "count_enter": _("Ghi kết quả đếm"),
        "count_entered": _("{name} đã ghi lần {n}: {counts}."),
        "count_confirm": _("Tôi đã cùng đếm, đúng như vậy"),
        "count_own": _("Người thứ hai (chủ trì hoặc thư ký) xác nhận trên máy của mình."),
        "count_done": _("{name} đã chứng kiến. Có thể kết thúc biểu quyết."),
        "chair_side": _("Phía của chủ trì (khi ngang phiếu)"),
    }
