"""The command line: one module a command, each with `add(parser)` and `run(arguments) -> exit status`.

No argument at all means `demo`.  A command's module is imported only when it is the one asked for, so that `verify`
does not pay for the web server.  Called by `web/__main__.py`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING, TextIO

from web.commands import usage
from web.i18n import N_, I18n, _, speak

if TYPE_CHECKING:
    from web.settings import BadSettings

COMMANDS: dict[str, str] = {
    "demo": N_("một tỉnh với cuộc họp đang diễn ra, trên máy này"),
    "serve": N_("chạy chính thức, theo thiết lập trong biến môi trường và tệp"),
    "schedule": N_("gửi thư, nhắc việc và làm mọi việc đến giờ, trong một tiến trình riêng"),
    "mail": N_("đọc thư trả lời giấy mời từ một thư mục"),
    "rehearse": N_("diễn tập trọn một cuộc họp không cần người, kiểm tra từng bước"),
    "verify": N_("cho biết biên bản PDF hoặc gói hồ sơ có hợp lệ không, ai ký, lúc nào"),
    "check": N_("cho biết các cuộc họp có đúng như diễn biến ghi lại không"),
    "users": N_("thêm tài khoản, đặt mật khẩu, nhập danh sách"),
    "units": N_("nạp đơn vị của tỉnh bất kỳ"),
    "ticket": N_("in vé vào phòng hình và tiếng"),
    "record": N_("ghi một phòng thử (bench-)"),
    "compose": N_("ghép bản ghi thành một tệp để xem"),
    "bench": N_("đo hình, tiếng và ký số trên máy này"),
    "doctor": N_("xem máy này đã sẵn sàng chưa và phải làm gì"),
}
USAGE = 2


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns its exit status.  Unknown words, bad options and bad settings end with status 2."""
    words = sys.argv[1:] if argv is None else argv
    _speak()
    if words and words[0] in ("-h", "--help"):
        return _overview(sys.stdout)
    if not words or words[0].startswith("-"):
        words = ["demo", *words]
    name, rest = words[0], words[1:]
    if name not in COMMANDS:
        print(_("✕ Không có lệnh “{name}”.", name=name) + "\n", file=sys.stderr)
        _overview(sys.stderr)
        return USAGE
    arguments = parser_of(name).parse_args(rest)
    from web.settings import BadSettings

    try:
        return int(importlib.import_module(f"web.commands.{name}").run(arguments))
    except BadSettings as bad:
        _explain(bad)
        return USAGE
    except KeyboardInterrupt:
        return 130


def parser_of(name: str) -> argparse.ArgumentParser:
    """The options of a command, in the present language."""
    usage.translate()
    parser = argparse.ArgumentParser(prog=f"python3 -m web {name}", description=_(COMMANDS[name]))
    importlib.import_module(f"web.commands.{name}").add(parser)
    return parser


def _speak() -> None:
    """The terminal's language: DIEMCAU_LANGUAGE, else the locale's; English where neither says Vietnamese."""
    said = next((os.environ[name] for name in ("DIEMCAU_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
                 if os.environ.get(name)), "")
    I18n()
    speak("vi" if said.lower().startswith("vi") else "en")


def _explain(bad: BadSettings) -> None:
    from web import settings

    texts = {
        settings.UNKNOWN: _("✕ Không có thiết lập nào tên {name} (biến {variable}). Hãy xem docs/operating.md."),
        settings.WRONG: _("✕ Giá trị của thiết lập {name} (biến {variable}) không đúng. Hãy xem docs/operating.md."),
        settings.NO_FILE: _("✕ Không có tệp thiết lập {name}. Hãy sửa --config hoặc DIEMCAU_CONFIG."),
        settings.BAD_FILE: _("✕ Không đọc được tệp thiết lập {name}"),
    }
    for kind, name in bad.problems:
        print(texts[kind].format(name=name, variable=f"{settings.PREFIX}{name.upper()}"), file=sys.stderr)


def _overview(stream: TextIO) -> int:
    lines = [_("Cách dùng: python3 -m web [LỆNH] [TÙY CHỌN]   (không ghi lệnh = demo)"), ""]
    lines += [f"  {name:<10}{_(what)}" for name, what in COMMANDS.items()]
    lines += ["", _("python3 -m web LỆNH --help cho biết các tùy chọn của một lệnh; python3 -m tests chạy các bài kiểm thử.")]
    print("\n".join(lines), file=stream)
    return 0
