"""The reader of forms behaves as a browser without scripts: what is ticked, selected and prefilled is sent, nothing else."""

from __future__ import annotations

import pytest

from web.rehearsal import forms

PAGE = """
<meta name="csrf" content="abc">
<form id="book" method="post" action="/meetings/new">
  <input type="hidden" name="token" value="t1"><input name="title" value="Giao ban">
  <input type="checkbox" name="level" value="xa" checked><input type="checkbox" name="level" value="huyen">
  <input name="gone" value="1" disabled>
  <select name="chair"><option value="a">A</option><option value="b" selected>B</option></select>
  <select name="kind"><option value="first">1</option><option value="second">2</option></select>
  <textarea name="agenda">
Mục 1
Mục 2</textarea><button name="go" value="book">Đặt</button>
</form>
<input name="outside" value="x" form="book">
"""


def test_defaults_are_sent_as_a_browser_would() -> None:
    form = forms.read(PAGE).form("/meetings/new")
    assert form.method == "post"
    assert form.filled() == [
        ("token", "t1"), ("title", "Giao ban"), ("level", "xa"), ("chair", "b"), ("kind", "first"),
        ("agenda", "Mục 1\nMục 2"), ("outside", "x"),
    ]


def test_given_values_replace_all_of_their_name() -> None:
    filled = forms.read(PAGE).form("/meetings/new").filled(level=["xa", "huyen"], title="Khác")
    assert [value for name, value in filled if name == "level"] == ["xa", "huyen"]
    assert [value for name, value in filled if name == "title"] == ["Khác"]


def test_a_field_that_the_page_does_not_show_cannot_be_sent() -> None:
    with pytest.raises(KeyError, match="no field"):
        forms.read(PAGE).form("/meetings/new").filled(role="admin")


def test_a_form_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="/meetings/new"):
        forms.read(PAGE).form("/delete")
    assert forms.read(PAGE).metas == {"csrf": "abc"}
