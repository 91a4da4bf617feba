"""Every text in templates and Python has an English one, every error code has a sentence, placeholders agree."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file

from meetings.errors import Invalid
from web import course, i18n, messages, words
from web.booking_form import POSTS
from web.errors import explain
from web.i18n import _, ngettext, speak

ROOT = Path(__file__).resolve().parent.parent.parent
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
ERRORS = {"NotAllowed", "NotFound", "Conflict", "Stale", "Closed", "Invalid", "TooLarge", "Unavailable"}


def texts() -> Iterator[tuple[str, str, int]]:
    """(msgid, file, line) of everything marked for translation."""
    for pattern, method in (("*.py", "python"), ("*.html", "jinja2.ext:babel_extract")):
        for path in sorted((ROOT / "web").rglob(pattern)):
            for line, message, _comments, _context in extract_from_file(method, path, keywords=KEYWORDS):
                yield (message if isinstance(message, str) else message[0]), str(path.relative_to(ROOT)), line


def test_every_text_has_an_english_one() -> None:
    known = i18n.read_catalogue("en")
    missing = sorted({f"{file}:{line} {text}" for text, file, line in texts() if text not in known})
    assert not missing, "\n".join(missing)


def test_english_fills_in_the_same_placeholders() -> None:
    def fields(text: str) -> set[str]:
        return {name.split(".")[0] for _text, name, _format, _kind in string.Formatter().parse(text) if name}

    known = i18n.read_catalogue("en")
    wrong = [text for text, (_one, many) in known.items() if not fields(many) <= fields(text) | {"n"}]
    assert not wrong, "\n".join(wrong)


def test_the_catalogue_keeps_no_text_that_nobody_uses() -> None:
    used = {text for text, _file, _line in texts()}
    assert not sorted(set(i18n.read_catalogue("en")) - used)


def raised() -> Iterator[tuple[str, str]]:
    """Codes of all errors that the packages raise, as far as they are written out."""
    for package in ("meetings", "scheduler", "minutes", "web"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                    first = node.args[0] if node.args else None
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        yield first.value, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_error_code_says_what_happened() -> None:
    missing = sorted({f"{code} ({place})" for code, place in raised() if code not in messages.TEXTS})
    assert not missing, "\n".join(missing)


def named_fields() -> Iterator[tuple[str, str]]:
    """Names of fields that may reach a sentence: what `line` and `paragraph` are told, and `field=` where the sentence
    of that code names it."""
    for package in ("meetings", "scheduler", "minutes", "web"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                told: list[ast.expr] = []
                if node.func.id in ("line", "paragraph") and len(node.args) >= 3:
                    told = [node.args[1]]
                elif node.func.id in ERRORS and isinstance(node.args[0], ast.Constant) and re.search(
                        r"\{field\b", messages.TEXTS[node.args[0].value], re.IGNORECASE):
                    told = [word.value for word in node.keywords if word.arg == "field"]
                for value in told:
                    if isinstance(value, ast.Constant):
                        yield str(value.value), f"{path.relative_to(ROOT)}:{node.lineno}"
                    else:  # handed on: texts.py itself, and the four posts of a meeting
                        assert path.name in ("texts.py", "service.py"), f"{path}:{node.lineno}"


def test_no_sentence_calls_a_field_by_its_code_name() -> None:
    found = list(named_fields())
    assert len(found) > 10
    missing = sorted({f"{field} ({place})" for field, place in found if field not in words.FIELDS})
    assert not missing, "\n".join(missing)
    assert set(POSTS) <= set(words.FIELDS)


@pytest.mark.parametrize(("error", "said"), [
    (Invalid("text.empty", field="reason"), "Chưa nhập lý do."),
    (Invalid("text.empty", field="title"), "Chưa nhập tên cuộc họp."),
    (Invalid("text.too_long", field="conclusion", length=9000, limit=5000),
     "Kết luận dài 9000 ký tự, tối đa 5000. Hãy rút gọn."),
])
def test_a_field_is_called_what_people_call_it(error: Invalid, said: str) -> None:
    assert explain(error) == said


def test_no_message_shows_jargon() -> None:
    jargon = re.compile(r"\b(token|ICE|404|JSON|null|None|exception)\b", re.IGNORECASE)
    assert not [text for text in messages.TEXTS.values() if jargon.search(text)]


def test_every_word_of_the_record_has_a_name() -> None:
    from meetings.access import Role
    from meetings.attendance import LEAVE_REASONS
    from meetings.meeting import State

    assert set(words.ROLES) == set(Role)
    assert set(words.STATES) == {state.value for state in State}
    assert set(words.LEAVE_REASONS) >= LEAVE_REASONS
    assert len(words.STAGES) == 7 and course.MINOR <= set(course.TELL)


@pytest.mark.parametrize(("cookie", "accept", "chosen"), [
    (None, "", "vi"), (None, "en-GB,en;q=0.9", "en"), (None, "fr,en;q=0.3,vi;q=0.8", "vi"), ("en", "vi", "en"),
    ("xx", "fr", "vi"), (None, "en;q=0", "vi"), (None, ";;q=,,", "vi"), (None, "en;q=abc", "vi"),
])
def test_the_language_is_the_cookies_or_the_best_wanted(cookie: str | None, accept: str, chosen: str) -> None:
    assert i18n.negotiate(cookie, accept, "vi") == chosen


def test_numbers_choose_the_form_in_english_only() -> None:
    i18n.I18n()
    speak("en")
    assert ngettext("{n} điểm cầu", "{n} points", 1) == "1 point"
    assert ngettext("{n} điểm cầu", "{n} points", 239) == "239 points"
    speak("vi")
    assert ngettext("{n} điểm cầu", "{n} points", 239) == "239 điểm cầu"
    assert _("chưa từng dịch {x}", x=1) == "chưa từng dịch 1"


def test_areas_of_the_room_have_words_of_their_own() -> None:
    """They share one space of keys in the page: of two alike, one would be lost without a word."""
    from web import roomwords, words_room

    i18n.I18n()
    speak("vi")
    keys = [key for area in words_room.AREAS for key in area()]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []
    own = set(roomwords.room_words()) - set(keys)
    assert len(own) > 50, "those of the page itself are beside them"
