"""Votes in words, for pages, letters and the line in time: options, rules, the reckoning, results.  In the request's language.

The room's scripts say the same from `words_room.vote`; the minutes, which are always Vietnamese, have their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from meetings.voting import Choice, Option, Rule, Tally, arithmetic
from web import pages
from web.i18n import N_, _

CHOICES = {"for": N_("Tán thành"), "against": N_("Không tán thành"), "abstain": N_("Không biểu quyết")}
METHODS = {"electronic": N_("bỏ phiếu trên thiết bị"), "hands": N_("giơ tay, hai người đếm"), "slip": N_("phiếu lấy ý kiến có thời hạn")}
BASES = {
    ("members", "points"): N_("tổng số thành viên"), ("members", "persons"): N_("tổng số thành viên"),
    ("entitled", "points"): N_("điểm cầu được biểu quyết"), ("entitled", "persons"): N_("đại biểu được biểu quyết"),
    ("present", "points"): N_("điểm cầu có mặt"), ("present", "persons"): N_("đại biểu có mặt"),
    ("cast", "points"): N_("số phiếu đã bỏ"), ("cast", "persons"): N_("số phiếu đã bỏ"),
}
PRESETS_SAID = {
    "points": N_("Hội nghị: quá nửa số điểm cầu được biểu quyết, có mặt 2/3"),
    "advisory": N_("Tham khảo: quá nửa số phiếu đã bỏ, không đặt mức có mặt"),
    "council": N_("HĐND: quá nửa tổng số đại biểu, có mặt 2/3"),
    "council_removal": N_("HĐND bãi nhiệm: từ 2/3 tổng số đại biểu, có mặt 2/3"),
    "committee": N_("UBND: quá nửa tổng số thành viên, ngang phiếu theo phía chủ trì"),
    "slip": N_("Phiếu lấy ý kiến: quá nửa số người được hỏi"),
}
NO_SECRET = N_("Biểu quyết ở đây là công khai, có tên. Hệ thống không tổ chức bỏ phiếu kín từ xa: nơi giữ phiếu cũng giữ tên người bỏ, "
               "không có cách chứng minh hai thứ đã tách rời. Việc phải bỏ phiếu kín thì bỏ tại chỗ, bằng phiếu giấy.")


OTHER = N_("Ý kiến khác")
"""What abstaining is called on a slip, where one says what else."""


def choice_said(choice: str, text: str = "", slip: bool = False) -> str:
    """Options of one's own have a text; the usual three are worded here."""
    return text or _(OTHER if slip and choice == Choice.ABSTAIN else CHOICES[choice])


def option_said(option: Option, slip: bool = False) -> str:
    return choice_said(option.choice, option.text, slip)


def asked_said(asked: int, answered: int) -> str:
    """Of slips, in place of who was present."""
    return _("Đã gửi {asked} phiếu, trả lời {answered}.", asked=asked, answered=answered)


def rule_said(rule: Rule, options: Sequence[Option]) -> str:
    """When it passes, in one sentence."""
    share, base = str(rule.majority), _(BASES[rule.base, rule.over])
    own = any(option.text for option in options)
    if rule.majority == 1:
        said = _("Thông qua khi tất cả tán thành, tính trên {base}.", base=base)
    elif rule.strict:
        said = _("Thông qua khi một phương án được quá {share} {base}.", share=share, base=base) if own \
            else _("Thông qua khi tán thành quá {share} {base}.", share=share, base=base)
    else:
        said = _("Thông qua khi một phương án được từ {share} {base} trở lên.", share=share, base=base) if own \
            else _("Thông qua khi tán thành từ {share} {base} trở lên.", share=share, base=base)
    return f"{said} {_('Khi số phiếu ngang nhau thì theo phía chủ trì.')}" if rule.tie == "chair" else said


def quorum_said(rule: Rule, present: int, needed: int, entitled: int) -> str:
    """Whether enough were there."""
    if rule.quorum == 0:
        return _("Có mặt {present}/{entitled}; không đặt mức tối thiểu.", present=present, entitled=entitled)
    return _("Có mặt {present}, cần ít nhất {needed} ({share} của {whole}).", present=present, needed=needed, share=str(rule.quorum),
             whole=rule.whole(entitled))


def arithmetic_said(rule: Rule, options: Sequence[Option], result: Tally) -> str:
    """The comparison that decided."""
    sums = arithmetic(rule, options, result)
    what = next(option_said(option) for option in options if option.choice == sums.choice)
    values = {"share": str(sums.share), "base": sums.base, "threshold": number(sums.threshold), "choice": what, "votes": sums.votes}
    if sums.reached:
        return _("{share} × {base} = {threshold}; {choice} {votes}: đủ.", **values)
    return _("{share} × {base} = {threshold}; {choice} {votes}: chưa đủ.", **values)


def verdict_said(options: Sequence[Option], result: Tally) -> str:
    own = any(option.text for option in options)
    if not result.passed:
        said = _("Không phương án nào được thông qua") if own else _("Không thông qua")
    elif own:
        said = _("Thông qua: {option}", option=next(option_said(one) for one in options if one.choice == result.won))
    else:
        said = _("Thông qua")
    tie = {"chair": _("số phiếu ngang nhau, theo phía chủ trì"), "fails": _("số phiếu ngang nhau")}.get(result.tie)
    return f"{said} ({tie})" if tie else said


def number(value: Fraction) -> str:
    """`119,5` (in the reader's way), or `159 1/3` where a decimal would not end."""
    if value.denominator == 1:
        return str(value.numerator)
    if (hundredths := value * 100).denominator == 1:
        return pages.number(hundredths.numerator / 100)
    whole = value.numerator // value.denominator
    return f"{whole} {value - whole}" if whole else str(value)
