"""What a verdict on a line says to people: a word, a line for a tile, a sentence, and what to do.  Only texts and how to fill them.

Codes and numbers come from scheduler/readiness.py; a test holds that every code has its words.  Used by the test page, the
wall, the list of whom to phone, and notices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scheduler.line_tests import Standing
from scheduler.readiness import DURING, EXTRA, Judged, Measured, Reason, Verdict
from web.i18n import N_, _, decimal

VERDICTS: dict[Verdict, str] = {
    Verdict.READY: N_("Sẵn sàng"), Verdict.WEAK: N_("Yếu"), Verdict.FAILED: N_("Lỗi"), Verdict.NONE: N_("Chưa kiểm tra"),
}
HEADS: dict[Verdict, str] = {
    Verdict.READY: N_("Điểm cầu sẵn sàng họp."),
    Verdict.WEAK: N_("Họp được, nhưng có chỗ cần sửa."),
    Verdict.FAILED: N_("Chưa họp được. Hãy làm theo hướng dẫn dưới đây ngay."),
    Verdict.NONE: N_("Điểm cầu chưa kiểm tra đường truyền."),
}
LOOKS: dict[Verdict, tuple[str, str]] = {
    Verdict.READY: ("good", "circle-check"), Verdict.WEAK: ("weak", "triangle-alert"), Verdict.FAILED: ("bad", "circle-x"),
    Verdict.NONE: ("", "circle"),
}
"""Class of the colour, and name of the icon."""

_CALL = N_("Gọi kỹ thuật viên của điểm cầu.")
_UP_WIRE = N_("Dùng dây mạng thay Wi-Fi, tắt các máy đang tải lên (sao lưu, camera giám sát), rồi kiểm tra lại.")
_DOWN_WIRE = N_("Dùng dây mạng thay Wi-Fi, tắt các máy đang xem phim hoặc tải về, rồi kiểm tra lại.")
_ALLOW = N_("Bấm biểu tượng ổ khóa hoặc máy quay ở thanh địa chỉ, chọn Cho phép, rồi tải lại trang.")
_OTHER = N_("Đóng chương trình họp khác đang giữ thiết bị, rồi kiểm tra lại.")

WORDS: dict[str, tuple[str, str, str]] = {
    "path.none": (
        N_("UDP và TCP bị chặn"), N_("Mạng không cho hình và tiếng đi qua: UDP, TCP và đường chuyển tiếp đều bị chặn."),
        N_("Báo người quản trị mạng mở cổng hình và tiếng của máy chủ, hoặc dùng mạng khác (phát 4G từ điện thoại) rồi kiểm tra lại.")),
    "path.tcp": (
        N_("Chặn UDP: đi TCP"), N_("Mạng chặn UDP: đang đi đường TCP, hình và tiếng có thể chậm khi mạng bận."),
        N_("Vẫn họp được. Báo người quản trị mạng mở UDP cho cổng hình và tiếng của máy chủ.")),
    "path.relay": (
        N_("Chỉ qua đường chuyển tiếp"), N_("Mạng chặn UDP và TCP đến máy chủ họp: chỉ còn đường chuyển tiếp."),
        N_("Vẫn họp được. Báo người quản trị mạng mở cổng hình và tiếng của máy chủ.")),
    "up.voice": (N_("Lên {kbps} kbit/s: không đủ tiếng"), N_("Đường lên chỉ {kbps} kbit/s: không đủ cho tiếng nói."), _UP_WIRE),
    "up.picture": (N_("Lên {kbps} kbit/s: tắt hình"), N_("Đường lên chỉ {kbps} kbit/s: nên tắt hình, giữ tiếng."), _UP_WIRE),
    "up.small": (N_("Lên {kbps} kbit/s: hình nhỏ"), N_("Đường lên {kbps} kbit/s: hình gửi đi sẽ nhỏ và mờ (cần {need} kbit/s)."), _UP_WIRE),
    "up.unknown": (N_("Chưa đo được đường lên"), N_("Chưa đo được đường lên."), N_("Kiểm tra lại; nếu vẫn vậy, gọi kỹ thuật viên.")),
    "up.declared": (
        N_("Lên {kbps} kbit/s, khai {declared}"), N_("Đường lên {kbps} kbit/s, thấp hơn nhiều so với {declared} kbit/s đã khai."),
        N_("Báo nhà cung cấp đường truyền.")),
    "down.voice": (N_("Xuống {kbps} kbit/s: không đủ tiếng"), N_("Đường xuống chỉ {kbps} kbit/s: không đủ cho tiếng nói."), _DOWN_WIRE),
    "down.picture": (N_("Xuống {kbps} kbit/s: chỉ nên nghe"), N_("Đường xuống chỉ {kbps} kbit/s: chỉ nên nghe, bật tiết kiệm dữ liệu."), _DOWN_WIRE),
    "down.small": (N_("Xuống {kbps} kbit/s: hình nhỏ"), N_("Đường xuống {kbps} kbit/s: hình nhận về sẽ nhỏ và mờ (cần {need} kbit/s)."), _DOWN_WIRE),
    "down.unknown": (N_("Chưa đo được đường xuống"), N_("Chưa đo được đường xuống."), N_("Kiểm tra lại; nếu vẫn vậy, gọi kỹ thuật viên.")),
    "down.declared": (
        N_("Xuống {kbps} kbit/s, khai {declared}"), N_("Đường xuống {kbps} kbit/s, thấp hơn nhiều so với {declared} kbit/s đã khai."),
        N_("Báo nhà cung cấp đường truyền.")),
    "loss.heavy": (N_("Mất gói {percent} %"), N_("Đường truyền mất {percent} % gói tin: tiếng sẽ đứt quãng, khó họp."), _CALL),
    "loss.some": (N_("Mất gói {percent} %"), N_("Đường truyền mất {percent} % gói tin: hình có lúc vỡ, tiếng có lúc đứt."),
                  N_("Dùng dây mạng thay Wi-Fi, ngồi gần bộ phát, rồi kiểm tra lại.")),
    "rtt.late": (N_("Trễ {ms} ms"), N_("Tiếng đi và về mất {ms} ms: không đối thoại được."), _CALL),
    "rtt.long": (N_("Trễ {ms} ms"), N_("Tiếng đi và về mất {ms} ms: khi nói hãy chờ người kia nói xong."),
                 N_("Tắt các máy đang dùng mạng nhiều, rồi kiểm tra lại.")),
    "mic.denied": (N_("Micro chưa được phép"), N_("Trình duyệt chưa cho phép dùng micro."), _ALLOW),
    "mic.missing": (N_("Không có micro"), N_("Không thấy micro: kiểm tra dây cắm và nguồn của micro."), N_("Cắm micro vào máy rồi kiểm tra lại.")),
    "mic.busy": (N_("Micro đang bận"), N_("Micro đang bị chương trình khác dùng."), _OTHER),
    "mic.insecure": (N_("Micro bị chặn"), N_("Trang này không mở bằng https nên trình duyệt không cho dùng micro."), N_("Mở lại đúng đường dẫn trong tin nhắn.")),
    "mic.silent": (N_("Micro không có tiếng"), N_("Không thấy tiếng từ micro: kiểm tra nút tắt tiếng, dây cắm và micro đã chọn."),
                   N_("Nói to trước micro rồi kiểm tra lại.")),
    "mic.quiet": (N_("Micro nhỏ"), N_("Tiếng từ micro nhỏ: người nghe sẽ khó nghe."), N_("Đặt micro gần người nói hoặc tăng âm lượng thu, rồi kiểm tra lại.")),
    "camera.denied": (N_("Máy quay chưa được phép"), N_("Trình duyệt chưa cho phép dùng máy quay."), _ALLOW),
    "camera.missing": (N_("Không có máy quay"), N_("Không thấy máy quay: vẫn nghe và nói được, nhưng không ai thấy điểm cầu."), N_("Cắm máy quay vào máy rồi kiểm tra lại.")),
    "camera.busy": (N_("Máy quay đang bận"), N_("Máy quay đang bị chương trình khác dùng."), _OTHER),
    "camera.insecure": (N_("Máy quay bị chặn"), N_("Trang này không mở bằng https nên trình duyệt không cho dùng máy quay."), N_("Mở lại đúng đường dẫn trong tin nhắn.")),
    "camera.slow": (N_("Hình {fps} khung/giây"), N_("Máy quay chỉ cho {fps} hình mỗi giây: hình sẽ giật."), N_("Bật thêm đèn, đóng chương trình khác, rồi kiểm tra lại.")),
}
"""code → (a tile's line, the sentence, what to do)."""

ROUNDS = {EXTRA: N_("kiểm tra thêm"), DURING: N_("trong giờ họp")}


@dataclass(frozen=True, slots=True)
class Said:
    """One reason in the reader's language."""

    code: str
    short: str
    text: str
    advice: str


def said(reason: Reason) -> Said:
    short, text, advice = WORDS[reason.code]
    return Said(reason.code, _(short, **reason.params), _(text, **reason.params), _(advice))


def verdict(value: Verdict) -> str:
    return _(VERDICTS[value])


def round_name(name: str) -> str:
    return _(ROUNDS[name]) if name in ROUNDS else name


def answer(judged: Judged | Standing) -> dict[str, Any]:
    """What the test page is told of its own line."""
    look, icon = LOOKS[judged.verdict]
    reasons = [said(reason) for reason in judged.reasons]
    return {
        "verdict": judged.verdict.value, "word": verdict(judged.verdict), "head": _(HEADS[judged.verdict]), "look": look, "icon": icon,
        "reasons": [{"code": one.code, "text": one.text, "advice": one.advice} for one in reasons],
    }


def line(value: Verdict, reasons: Iterable[Reason]) -> str:
    """The second line of a tile: its word, or what is wrong first."""
    first = next(iter(reasons), None)
    return said(first).short if first is not None else verdict(value)


def figures(measured: Measured) -> list[tuple[str, str]]:
    """What was measured, for "Chi tiết"."""
    passes: Mapping[bool | None, str] = {True: _("thông"), False: _("bị chặn"), None: _("không thử")}
    found = [("UDP", passes[measured.udp]), ("TCP", passes[measured.tcp]), (_("Chuyển tiếp"), passes[measured.relay])]
    numbers = (
        (_("Độ trễ đi và về"), measured.rtt_ms, "ms"), (_("Đường lên"), measured.up_kbps, "kbit/s"),
        (_("Đường xuống"), measured.down_kbps, "kbit/s"),
    )
    found += [(name, _("chưa đo được") if value is None else f"{value} {unit}") for name, value, unit in numbers]
    for name, loss in ((_("Mất gói lên"), measured.loss_up), (_("Mất gói xuống"), measured.loss_down)):
        found.append((name, _("chưa đo được") if loss is None else _percent(loss)))
    found.append((_("Micro"), f"{measured.mic_dbfs} dBFS" if measured.mic == "ok" and measured.mic_dbfs is not None else _device("mic", measured.mic)))
    picture = f"{measured.width}×{measured.height}, {measured.fps or 0} fps"
    found.append((_("Máy quay"), picture if measured.camera == "ok" and measured.width else _device("camera", measured.camera)))
    return [*found, (_("Trình duyệt"), measured.browser or "–")]


def _percent(thousandths: int) -> str:
    return decimal(f"{thousandths / 10:.1f} %")


def _device(kind: str, state: str) -> str:
    short = {"ok": N_("có")}.get(state) or WORDS[f"{kind}.{state}"][0]
    return _(short)
