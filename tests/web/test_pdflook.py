"""What acts by itself in a PDF is found wherever it stands, and nothing is found that only looks like it."""

from __future__ import annotations

import io
import time

import pikepdf
import pytest

from meetings.pages import Look
from tests.support.sheets import acting, pdf, saved
from web import pdflook


@pytest.mark.parametrize("packed", [True, False], ids=["objects in streams", "plain objects"])
@pytest.mark.parametrize(("kind", "word"), [
    ("script", "script"), ("script on a page", "script"), ("script at the opening", "script"), ("launch", "launch"),
    ("attachment", "attachment"), ("form", "form"), ("opening", "opening"), ("media", "media"), ("sending", "sending"),
    ("links", ""), ("own minutes", ""), ("words", ""),
])
def test_each_thing_is_called_by_its_word(kind: str, word: str, packed: bool) -> None:
    assert pdflook.look(acting(kind, packed=packed)) == Look(1, word)


def test_a_name_written_in_another_way_is_the_same_name() -> None:
    data = acting("launch", packed=False)
    assert b"/Launch" in data
    assert pdflook.look(data.replace(b"/Launch", b"/#4caunch")).acts == "launch"


def test_what_a_password_hides_from_printing_is_still_found() -> None:
    with pikepdf.open(io.BytesIO(acting("script"))) as made:
        held = io.BytesIO()
        made.save(held, encryption=pikepdf.Encryption(owner="chu", user="", allow=pikepdf.Permissions(extract=False)))
    assert pdflook.look(held.getvalue()) == Look(1, "script")


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", pdf(1)[:200], b"%PDF-1.7\n" + bytes(5000)], ids=["nothing", "head", "cut", "zeros"])
def test_what_is_no_document_is_unreadable(data: bytes) -> None:
    with pytest.raises(pdflook.Unreadable):
        pdflook.look(data)


def test_a_locked_one_is_unreadable_here() -> None:
    held = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(1))) as made:
        made.save(held, encryption=pikepdf.Encryption(owner="chu", user="khoa"))
    with pytest.raises(pdflook.Unreadable):
        pdflook.look(held.getvalue())


def test_dictionaries_without_end_are_unreadable() -> None:
    made = pikepdf.open(io.BytesIO(pdf(1)))
    deep = pikepdf.Dictionary(S=pikepdf.Name.JavaScript)
    for _ in range(pdflook.DEEPEST + 5):
        deep = pikepdf.Dictionary(A=deep)
    made.Root.Deep = deep
    with pytest.raises(pdflook.Unreadable):
        pdflook.look(saved(made))


def test_two_thousand_pages_are_looked_through_in_a_moment() -> None:
    data = pdf(2_000)
    started = time.process_time()
    assert pdflook.look(data) == Look(2_000)
    assert time.process_time() - started < 3
