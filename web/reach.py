"""Where a person is reached: addresses of mail and numbers of telephones, checked once where they are typed.

Pure.  What passes here can be put into a mail header or an SMS without further care: it has no line ends, no blanks, no brackets.
Called by the pages of accounts, the `users` command and whoever imports lists.
"""

from __future__ import annotations

import re

from meetings.errors import Invalid

MOST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL})+")
_NUMBER = re.compile(r"\+?[0-9]{6,15}")
_BETWEEN = re.compile(r"[\s.()-]+")


def address(typed: str, field: str = "email") -> str | None:
    """The address with its domain in small letters; None where none was typed.  Raises Invalid("reach.email")."""
    typed = typed.strip()
    if not typed:
        return None
    if len(typed) > MOST_ADDRESS or not _ADDRESS.fullmatch(typed) or len(typed.rpartition("@")[0]) > 64:
        raise Invalid("reach.email", field=field)
    local, _at, domain = typed.rpartition("@")
    return f"{local}@{domain.lower()}"


def phone(typed: str, field: str = "phone") -> str | None:
    """Digits alone, with their plus; None where none was typed.  Raises Invalid("reach.phone")."""
    bare = _BETWEEN.sub("", typed)
    if not bare:
        return None
    if not _NUMBER.fullmatch(bare):
        raise Invalid("reach.phone", field=field)
    return bare
