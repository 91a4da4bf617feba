"""Words in two languages: the Vietnamese sentence is the key, English comes from the .po file, read once at start.

`_()` works in templates and in Python alike, because the language of the request is a context variable that the
middleware below sets.  There are no compiled catalogues, so nothing can be stale.  It never guesses a language from
an address.  Used by every page; other packages raise codes, never prose.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

LANGUAGES = ("vi", "en")
COOKIE = "language"
LOCALE = Path(__file__).parent / "locale"

_language: ContextVar[str] = ContextVar("language", default="vi")
_catalogues: dict[str, dict[str, tuple[str, str]]] = {}


class I18n:
    """The catalogues of one installation and its default language."""

    def __init__(self, default: str = "vi") -> None:
        self.default = default if default in LANGUAGES else "vi"
        for language in LANGUAGES:
            _catalogues[language] = read_catalogue(language)


@cache
def read_catalogue(language: str) -> dict[str, tuple[str, str]]:
    """msgid -> (singular, plural) of one language; empty for Vietnamese, whose texts are the keys."""
    path = LOCALE / language / "LC_MESSAGES" / "diemcau.po"
    if not path.exists():
        return {}
    found: dict[str, tuple[str, str]] = {}
    with path.open("rb") as file:
        for message in read_po(file, locale=language):
            if not message.id or message.fuzzy:
                continue
            if isinstance(message.id, tuple):
                one, many = message.string[0], message.string[-1]
                found[message.id[0]] = (one or message.id[0], many or message.id[1])
            elif message.string:
                found[message.id] = (str(message.string), str(message.string))
    return found


def language() -> str:
    """Language of the present request: `vi` or `en`."""
    return _language.get()


def speak(chosen: str) -> None:
    """Sets the language of the present context (commands and tests; requests have the middleware)."""
    _language.set(chosen if chosen in LANGUAGES else "vi")


def _(text: str, /, **values: Any) -> str:
    """The text in the request's language, `{names}` filled in.  Unknown texts come back as they are."""
    found = _catalogues.get(_language.get(), {}).get(text)
    chosen = found[0] if found else text
    return chosen.format_map(values) if values else chosen


def ngettext(one: str, many: str, n: int, /, **values: Any) -> str:
    """Like `_`, choosing by number.  `one` is the only form Vietnamese has; `many` is the English plural."""
    found = _catalogues.get(_language.get(), {}).get(one)
    chosen = one if found is None else found[0] if n == 1 else found[1]
    return chosen.format_map({"n": n, **values})


def N_(text: str) -> str:
    """Marks a text for the catalogue where it is written down, to be translated by `_` where it is shown."""
    return text


def negotiate(cookie: str | None, accept: str, default: str) -> str:
    """The cookie, else the best of Accept-Language (RFC 9110 §12.5.4), else the installation's language."""
    if cookie in LANGUAGES:
        return str(cookie)
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept.split(",")[:20]):
        tag, _sep, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if (short := tag.strip().lower().split("-")[0]) in LANGUAGES and weight > 0:
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
