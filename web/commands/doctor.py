"""`python3 -m web doctor`: looks at this machine and says, line by line, how things stand and what to do.

Changes nothing and sends nothing to other machines.  Exit status 0 when nothing stands in the way, 1 otherwise.
"""

from __future__ import annotations

import argparse
import errno
import ipaddress
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from web.bootstrap import ROOT
from web.folders import installation
from web.i18n import _, ngettext
from web.workers import cores

OLDEST_YEAR = 2026  # a clock before the release of this program is certainly wrong
LEAST_FREE = 5 * 1024**3
LEAST_RECEIVE_BUFFER = 4 * 1024**2
MEDIA_PORT = 3480
BROWSERS = ("chromium", "google-chrome", "firefox", "firefox-esr", "microsoft-edge")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: `state` is well, care or bad; `advice` says what to do."""

    state: str
    text: str
    advice: str


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help=_("cổng của các trang (mặc định: theo thiết lập)"))
    parser.add_argument("--media-port", type=int, help=_("cổng đầu tiên của hình và tiếng, UDP và TCP (mặc định: theo thiết lập, không có thì {port})",
                                                         port=MEDIA_PORT))
    parser.add_argument("--data", type=Path, help=_("thư mục dữ liệu"))
    parser.add_argument("--advertise", help=_("địa chỉ mà các điểm cầu dùng để tới máy này; nhiều địa chỉ cách nhau dấu phẩy"))


def run(arguments: argparse.Namespace) -> int:
    signs = {"well": "✓", "care": "△", "bad": "✕"}
    bad = 0
    for subject, finding in examine(arguments):
        print(f"{signs[finding.state]} {subject}: {finding.text}\n    → {finding.advice}")
        bad += finding.state == "bad"
    print()
    print(ngettext("Còn {n} việc phải sửa trước cuộc họp đầu tiên.", "{n} things to mend before the first meeting.", bad)
          if bad else _("Không có gì cản trở."))
    return 1 if bad else 0


def examine(arguments: argparse.Namespace) -> Iterator[tuple[str, Finding]]:
    """Every check in the order of the report; a check that itself breaks is reported, not raised.  Raises BadSettings."""
    settings = installation(arguments.data)
    port = settings.port if arguments.port is None else arguments.port
    media_port = arguments.media_port or settings.media_port or MEDIA_PORT
    advertised = settings.advertise if arguments.advertise is None else tuple(filter(None, arguments.advertise.split(",")))
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("Python", _python),
        (_("Cổng của các trang"), lambda: _tcp_port(port)),
        (_("Cổng hình và tiếng"), lambda: _media_ports(media_port, settings.media_workers or cores())),
        (_("Bộ đệm nhận"), _receive_buffer),
        (_("Địa chỉ"), lambda: _advertised([address.strip() for address in advertised])),
        (_("Đồng hồ"), _clock),
        (_("Ổ đĩa"), lambda: _disk(settings.data)),
        (_("Phông chữ"), _fonts),
        (_("Trình duyệt"), _browser),
        (_("Bộ xử lý"), _cores),
    ]
    for subject, check in checks:
        try:
            yield subject, check()
        except OSError as error:
            yield subject, Finding("bad", error.strerror or str(error), _("Sửa nguyên nhân này rồi chạy lại lệnh."))


def _nothing() -> str:
    return _("Không phải làm gì.")


def _python() -> Finding:
    return Finding("well", sys.version.split()[0], _nothing())


def _try_port(port: int, kind: socket.SocketKind) -> None:
    """Opens the port for a moment on all addresses, IPv4 and then, where this machine has it, IPv6.  Raises OSError."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            probe = socket.socket(family, kind)
        except OSError:
            continue  # a kernel without this family
        with probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:  # that: the family is switched off
                    raise


def _tcp_port(port: int) -> Finding:
    try:
        _try_port(port, socket.SOCK_STREAM)
    except PermissionError:
        return Finding("bad", _("người dùng này không được mở cổng TCP {port}", port=port),
                       _("Chọn cổng trên 1023 bằng --port và để máy TLS phía trước nghe cổng 443."))
    except OSError:
        return Finding("care", _("cổng TCP {port} đang có chương trình dùng", port=port),
                       _("Nếu đó là Điểm Cầu đang chạy thì không phải làm gì; nếu không, hãy dừng chương trình kia "
                         "hoặc chọn cổng khác bằng --port."))
    return Finding("well", _("cổng TCP {port} còn trống", port=port),
                   _("Để máy TLS phía trước chuyển các trang tới cổng này; ngoài máy này chỉ cần mở cổng 443."))


def _media_ports(first: int, count: int) -> Finding:
    """One for each relay process."""
    for port in range(first, first + count):
        found = _media_port(port)
        if found.state != "well":
            return found
    if count == 1:
        return found
    ports = f"{first}–{first + count - 1}"
    return Finding("well", _("các cổng {ports} còn trống, cả UDP lẫn TCP", ports=ports),
                   _("Đặt DIEMCAU_MEDIA_PORT={port} và mở các cổng {ports}, cả UDP lẫn TCP, trên tường lửa cho mọi điểm cầu: "
                     "mỗi tiến trình chuyển tiếp dùng một cổng.", port=first, ports=ports))


def _media_port(port: int) -> Finding:
    """The same number by UDP and, for points whose network blocks that, by TCP."""
    for kind, protocol in ((socket.SOCK_DGRAM, "UDP"), (socket.SOCK_STREAM, "TCP")):
        try:
            _try_port(port, kind)
        except OSError:
            return Finding("care", _("cổng {protocol} {port} đang có chương trình dùng", protocol=protocol, port=port),
                           _("Nếu đó là Điểm Cầu đang chạy thì không phải làm gì; nếu không, hãy chọn cổng khác bằng --media-port."))
    return Finding("well", _("cổng {port} còn trống, cả UDP lẫn TCP", port=port),
                   _("Đặt DIEMCAU_MEDIA_PORT={port} và mở cổng này, cả UDP lẫn TCP, trên tường lửa cho mọi điểm cầu.", port=port))


def _receive_buffer() -> Finding:
    limit = Path("/proc/sys/net/core/rmem_max")
    if not limit.exists():
        return Finding("care", _("không rõ trên hệ điều hành này"), _("Nên chạy trên Linux khi có nhiều điểm cầu."))
    size = int(limit.read_text())
    text = _("nhân hệ điều hành cho phép {size} KiB", size=size // 1024)
    if size < LEAST_RECEIVE_BUFFER:
        return Finding("care", text, _("Khi có hàng trăm điểm cầu: sysctl -w net.core.rmem_max={size}", size=LEAST_RECEIVE_BUFFER))
    return Finding("well", text, _nothing())


def own_addresses() -> list[str]:
    """This machine's addresses, the one of the default route first, loopback left out; no packet is sent."""
    found: list[str] = []
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):  # RFC 5737, RFC 3849
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, 9))  # a datagram socket only looks up its route
                found.append(probe.getsockname()[0])
            except OSError:
                continue
    try:
        listed = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_DGRAM)
    except OSError:
        listed = []
    found += [str(entry[4][0]).split("%")[0] for entry in listed]
    usable = [a for a in found if not ipaddress.ip_address(a).is_loopback and not ipaddress.ip_address(a).is_link_local]
    return list(dict.fromkeys(usable))


def _advertised(wanted: list[str]) -> Finding:
    own = own_addresses()
    for address in wanted:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            return Finding("bad", _("{address} không phải địa chỉ IP", address=address),
                           _("Ghi địa chỉ IP mà các điểm cầu tới được (DIEMCAU_ADVERTISE hoặc --advertise)."))
    if elsewhere := [address for address in wanted if address not in own]:
        return Finding("care", _("{addresses} không phải địa chỉ của máy này", addresses=", ".join(elsewhere)),
                       _("Đúng khi có thiết bị NAT chuyển cổng hình và tiếng tới máy này; nếu không, hãy sửa DIEMCAU_ADVERTISE."))
    if wanted:
        return Finding("well", _("điểm cầu tới máy này qua {addresses}", addresses=", ".join(wanted)), _nothing())
    if not own:
        return Finding("care", _("máy này chỉ có địa chỉ nội bộ, chưa nối mạng"),
                       _("Vẫn xem được bản trình diễn trên máy này; muốn máy khác vào, hãy nối mạng rồi dùng --lan."))
    return Finding("care" if len(own) > 1 else "well", _("máy này có địa chỉ {addresses}", addresses=", ".join(own[:3])),
                   _("Đặt DIEMCAU_ADVERTISE là các địa chỉ mà điểm cầu tới được (mạng cơ quan, Internet)."))


def _clock() -> Finding:
    now = datetime.now(UTC)
    text = _("{time} UTC, múi giờ của máy {zone}", time=f"{now:%Y-%m-%d %H:%M}", zone=time.tzname[0])
    if now.year < OLDEST_YEAR:
        return Finding("bad", text, _("Chỉnh lại đồng hồ: chữ ký số mang giờ của nó."))
    if shutil.which("timedatectl"):
        shown = subprocess.run(["timedatectl", "show", "-p", "NTPSynchronized", "--value"], capture_output=True, text=True)
        if shown.stdout.strip() == "no":
            return Finding("care", text, _("Chưa đồng bộ giờ. Bật NTP: timedatectl set-ntp true"))
    return Finding("well", text, _("So với đồng hồ của cơ quan; giữ đồng bộ giờ (NTP) luôn bật."))


def _disk(data: Path) -> Finding:
    place = data.absolute()
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        return Finding("bad", _("không ghi được vào {folder}", folder=place),
                       _("Cấp quyền ghi thư mục này cho người dùng chạy Điểm Cầu, hoặc chọn thư mục khác bằng --data."))
    free = shutil.disk_usage(place).free
    text = _("còn trống {free} GiB ở {folder}", free=f"{free / 1024**3:.1f}", folder=data)
    if free < LEAST_FREE:
        return Finding("care", text, _("Tài liệu và gói hồ sơ cần chỗ: giữ trống ít nhất 5 GiB."))
    return Finding("well", text, _("Sao lưu cả thư mục này hằng ngày."))


def _fonts() -> Finding:
    wanted = ["Regular", "Bold", "Italic", "BoldItalic"]
    missing = [w for w in wanted if not (ROOT / "minutes" / "fonts" / f"LiberationSerif-{w}.ttf").exists()]
    if missing:
        return Finding("bad", _("thiếu phông Liberation Serif {names}", names=", ".join(missing)),
                       _("Tải lại toàn bộ mã nguồn (git clone)."))
    return Finding("well", _("đủ phông cho văn bản, không cần phông của hệ thống"), _nothing())


def _browser() -> Finding:
    advice = _("Điểm cầu cần Chromium, Chrome, Edge hoặc Firefox không cũ quá hai năm; không cần cài thêm gì khác.")
    found = next((name for name in BROWSERS if shutil.which(name)), None)
    if found is None:
        return Finding("care", _("máy này không có trình duyệt nào (chỉ cần khi xem từ máy này)"), advice)
    return Finding("well", _("máy này có {name}", name=found), advice)


def _cores() -> Finding:
    count = os.cpu_count() or 1
    if count < 2:
        return Finding("care", _("một nhân"), _("Nên có hai nhân để các trang và hình tiếng chạy song song."))
    return Finding("well", _("{n} nhân", n=count), _nothing())
