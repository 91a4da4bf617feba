"""Numbers on a command line, with the least and the most that make sense.  Called by the commands that take such numbers."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

from web.i18n import _

Number = TypeVar("Number", int, float)


def between(kind: type[Number], least: Number, most: Number) -> Callable[[str], Number]:
    """A `type` for an option: text that is no number is refused in the parser's words, one out of range in ours."""

    def number(text: str) -> Number:
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(_("phải từ {least} đến {most}", least=f"{least:g}", most=f"{most:g}"))
        return value

    return number
