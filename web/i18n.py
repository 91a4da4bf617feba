"""Words in every language that has a file: the Vietnamese sentence is the key, a folder under locale/ with a .po makes a language.

`_()` works in templates and in Python alike, because the language of the request is a context variable that the
middleware below sets.  There are no compiled catalogues, so nothing can be stale.  It never guesses a language from
an address.  Used by every page; other packages raise codes, never prose.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol, get_group_symbol
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

SOURCE = "vi"
COOKIE = "language"
LOCALE = Path(__file__).parent / "locale"

_language: ContextVar[str] = ContextVar("language", default=SOURCE)
_catalogues: dict[str, Catalogue] = {}


class I18n:
    """The catalogues of one installation and its default language."""

    def __init__(self, default: str = SOURCE) -> None:
        self.default = default if default in languages() else SOURCE
        for language in languages():
            _catalogues[language] = catalogue(language)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """msgid -> its forms; `form` chooses one by number, as the file's Plural-Forms says."""

    texts: Mapping[str, tuple[str, ...]]
    form: Callable[[int], int]


@cache
def languages() -> tuple[str, ...]:
    """Vietnamese, and whatever has a file: locale/<code>/LC_MESSAGES/diemcau.po."""
    return (SOURCE, *sorted(path.parent.parent.name for path in LOCALE.glob("*/LC_MESSAGES/diemcau.po")))


def own_name(language: str) -> str:
    """What a language is called by those who speak it."""
    name = Locale.parse(language).get_language_name(language) or language
    return name[:1].upper() + name[1:]


@cache
def catalogue(language: str) -> Catalogue:
    """The texts of one language; none for Vietnamese, whose texts are the keys."""
    path = LOCALE / language / "LC_MESSAGES" / "diemcau.po"
    if not path.exists():
        return Catalogue({}, lambda _n: 0)
    found: dict[str, tuple[str, ...]] = {}
    with path.open("rb") as file:
        read = read_po(file, locale=language)
    for message in read:
        if not message.id or message.fuzzy:
            continue
        if isinstance(message.id, tuple):
            found[message.id[0]] = tuple(form or message.id[0] for form in message.string)
        elif message.string:
            found[message.id] = (str(message.string),)
    return Catalogue(found, gettext.c2py(read.plural_expr))


def read_catalogue(language: str) -> dict[str, tuple[str, str]]:
    """msgid -> (first form, last form) of one language."""
    return {text: (forms[0], forms[-1]) for text, forms in catalogue(language).texts.items()}


def language() -> str:
    """Language of the present request."""
    return _language.get()


def speak(chosen: str) -> None:
    """Sets the language of the present context (commands and tests; requests have the middleware)."""
    _language.set(chosen if chosen in languages() else SOURCE)


def _(text: str, /, **values: Any) -> str:
    """The text in the request's language, `{names}` filled in.  Unknown texts come back as they are."""
    spoken = _catalogues.get(_language.get())
    found = spoken.texts.get(text) if spoken else None
    chosen = found[0] if found else text
    return chosen.format_map(values) if values else chosen


def ngettext(one: str, many: str, n: int, /, **values: Any) -> str:
    """Like `_`, choosing by number.  `one` is the only form Vietnamese has; `many` is the English plural, for whoever reads the code."""
    spoken = _catalogues.get(_language.get())
    found = spoken.texts.get(one) if spoken else None
    chosen = found[min(spoken.form(n), len(found) - 1)] if spoken and found else one
    return chosen.format_map({"n": n, **values})


def decimal(text: str) -> str:
    """A number written with a point, as the request's language writes it: 2,3."""
    return text.replace(".", get_decimal_symbol(_language.get()))


def grouped(n: int) -> str:
    """53.058, 53,058"""
    return f"{n:,}".replace(",", get_group_symbol(_language.get()))


def N_(text: str) -> str:
    """Marks a text for the catalogue where it is written down, to be translated by `_` where it is shown."""
    return text


def negotiate(cookie: str | None, accept: str, default: str) -> str:
    """The cookie, else the best of Accept-Language (RFC 9110 §12.5.4), else the installation's language."""
    if cookie in languages():
        return str(cookie)
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept.split(",")[:20]):
        tag, _sep, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if (short := tag.strip().lower().split("-")[0]) in languages() and weight > 0:
            ranked.append((-weight, place, short))
    return min(ranked)[2] if ranked else default


class LanguageMiddleware:
    """Decides the language of each request before anything else runs."""

    def __init__(self, app: ASGIApp, i18n: I18n) -> None:
        self.app = app
        self.i18n = i18n

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            accept = Headers(scope=scope).get("accept-language", "")
            cookie = HTTPConnection(scope).cookies.get(COOKIE)
            _language.set(negotiate(cookie, accept, self.i18n.default))
        await self.app(scope, receive, send)
