"""A third language needs only a file: its texts, its plural forms, its numbers and dates, and its name in the list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.support.installation import Installation
from tests.support.running import client, installation  # noqa: F401 - fixtures
from web import i18n
from web.i18n import I18n, _, decimal, grouped, ngettext, speak
from web.when import When

POLISH = '''
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Language: pl\\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

msgid "Đăng nhập"
msgstr "Zaloguj się"

msgid "{n} điểm cầu"
msgid_plural "{n} điểm cầu"
msgstr[0] "{n} punkt"
msgstr[1] "{n} punkty"
msgstr[2] "{n} punktów"
'''


@pytest.fixture
def polish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for code, text in (("pl", POLISH), ("en", (i18n.LOCALE / "en/LC_MESSAGES/diemcau.po").read_text(encoding="utf-8"))):
        folder = tmp_path / code / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "diemcau.po").write_text(text, encoding="utf-8")
    monkeypatch.setattr(i18n, "LOCALE", tmp_path)
    for kept in (i18n.languages, i18n.catalogue):
        kept.cache_clear()
    I18n()
    yield
    monkeypatch.undo()
    for kept in (i18n.languages, i18n.catalogue):
        kept.cache_clear()
    i18n._catalogues.pop("pl", None)
    I18n()
    speak("vi")


def test_texts_plurals_numbers_and_dates_follow_the_file_and_the_locale(polish: None) -> None:
    assert i18n.languages() == ("vi", "en", "pl")
    speak("pl")
    assert _("Đăng nhập") == "Zaloguj się" and _("Đăng xuất") == "Đăng xuất", "what is not translated is said in Vietnamese"
    assert [ngettext("{n} điểm cầu", "{n} points", n) for n in (1, 3, 5, 22)] == ["1 punkt", "3 punkty", "5 punktów", "22 punkty"]
    assert decimal("2.5") == "2,5" and grouped(53058) == "53\xa0058"
    when = When(ZoneInfo("Asia/Ho_Chi_Minh"))
    at = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    assert when.date(at) == "24 lis 2026" and when.day(at) == "wt. 24 lis"
    speak("en")
    assert (when.date(at), when.day(at), when.weekday(at.date())) == ("24 Nov 2026", "Tue 24 Nov", "Tue")
    assert (decimal("2.5"), grouped(53058)) == ("2.5", "53,058")
    speak("vi")
    assert (decimal("2.5"), grouped(53058), when.day(at), when.date(at)) == ("2,5", "53.058", "Thứ Ba 24/11", "24/11/2026")


async def test_the_page_offers_every_language_by_its_own_name(polish: None, installation: Installation, client: httpx.AsyncClient) -> None:
    page = (await client.get("/signin", headers={"accept-language": "pl"})).text
    assert '<html lang="pl">' in page and "Zaloguj się" in page
    assert all(f'value="{code}" lang="{code}">{name}</button>' in page for code, name in (("vi", "Tiếng Việt"), ("en", "English")))
