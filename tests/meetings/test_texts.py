"""Typed text is cleaned or refused before it can reach the record."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Invalid
from meetings.texts import line, paragraph


def test_a_line_is_trimmed_and_composed() -> None:
    decomposed = unicodedata.normalize("NFD", "  Hội nghị  ")
    assert line(decomposed, "title", 500) == "Hội nghị"


@pytest.mark.parametrize("bad", ["a\x00b", "a\nb", "abc\u202egnp.exe", "\ud800", "a\u2066b"])
def test_characters_that_could_deceive_a_reader_are_refused(bad: str) -> None:
    with pytest.raises(Invalid) as refused:
        line(bad, "title", 500)
    assert refused.value.code == "text.control"
    assert refused.value.params["field"] == "title"


def test_the_limit_counts_characters_and_501_are_too_many() -> None:
    assert len(line("ế" * 500, "title", 500)) == 500
    with pytest.raises(Invalid) as refused:
        line("ế" * 501, "title", 500)
    assert (refused.value.code, refused.value.params["length"]) == ("text.too_long", 501)


def test_empty_text_is_refused_unless_it_may_be_empty() -> None:
    with pytest.raises(Invalid, match=r"text\.empty"):
        line(" \t ", "title", 500)
    assert line("", "place", 500, empty=True) == ""


def test_a_paragraph_keeps_its_lines() -> None:
    assert paragraph("một\r\nhai\rba\n", "text", 100) == "một\nhai\nba"


@given(st.text(max_size=50))
def test_what_is_accepted_stays_as_it_is_when_checked_again(text: str) -> None:
    try:
        once = paragraph(text, "text", 60)
    except Invalid:
        return
    assert paragraph(once, "text", 60) == once
