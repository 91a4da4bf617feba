"""The words that Python's argument parser says by itself, in our languages.

argparse asks gettext for each of them through a name of its own module, which is the seam used here: there are no
compiled catalogues to hand it.  Called by `web/commands/__init__.py` before a command's options are declared.
"""

from __future__ import annotations

import argparse

from web.i18n import N_, _

WORDS: dict[str, str] = {
    "usage: ": N_("cách dùng: "),
    "positional arguments": N_("đối số"),
    "options": N_("tùy chọn"),
    "show this help message and exit": N_("hiện hướng dẫn này"),
    "%(prog)s: error: %(message)s\n": N_("✕ %(message)s\n"),
    "argument %(argument_name)s: %(message)s": N_("%(argument_name)s: %(message)s"),
    "the following arguments are required: %s": N_("còn thiếu: %s"),
    "unrecognized arguments: %s": N_("không có tùy chọn: %s"),
    "expected one argument": N_("cần một giá trị"),
    "expected at least one argument": N_("cần ít nhất một giá trị"),
    "not allowed with argument %s": N_("không dùng cùng với %s"),
    "invalid choice: %(value)r (choose from %(choices)s)": N_("không có %(value)s; hãy chọn trong: %(choices)s"),
    "invalid %(type)s value: %(value)r": N_("giá trị %(value)s không đúng kiểu"),
    "invalid choice: %(value)r, maybe you meant %(closest)r? (choose from %(choices)s)":
        N_("không có %(value)s, có phải %(closest)s? Hãy chọn trong: %(choices)s"),
    "ambiguous option: %(option)s could match %(matches)s": N_("%(option)s có thể là: %(matches)s"),
}


def translate() -> None:
    """From now on the parser speaks the language of `web/i18n.py`."""
    argparse._ = lambda text: _(WORDS[text]) if text in WORDS else text  # type: ignore[attr-defined]
