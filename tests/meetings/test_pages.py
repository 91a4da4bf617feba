"""What a paged document may be: pure words and numbers."""

from __future__ import annotations

import pytest

from meetings import pages
from meetings.errors import Invalid
from meetings.pages import Look


@pytest.mark.parametrize(("look", "code"), [
    (None, "document.unreadable"), (Look(0), "document.unreadable"), (Look(-3), "document.unreadable"),
    (Look(pages.MOST + 1), "document.pages"), (Look(3, "script"), "document.active_script"),
    (Look(9_000, "launch"), "document.active_launch"), (Look(1, "opening"), "document.active_opening"),
])
def test_what_is_refused_and_why(look: Look | None, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        pages.judge("a.pdf", look)
    assert caught.value.code == code and caught.value.params["name"] == "a.pdf"


@pytest.mark.parametrize("count", [1, 2_000, pages.MOST])
def test_a_quiet_document_has_its_pages(count: int) -> None:
    assert pages.judge("a.pdf", Look(count)) == count


def test_links_and_places_only_lead_somewhere() -> None:
    assert not any(pages.acting(action, "") for action in ("", "/GoTo", "/URI", "/Named", "/GoToR", "/Thread"))
    assert not any(pages.acting("", note) for note in ("", "/Link", "/Highlight", "/Text", "/Widget", "/Stamp"))
    assert pages.acting("/Launch", "") == "launch" and pages.acting("", "/FileAttachment") == "attachment"
    assert [pages.opening(kind) for kind in ("", "/GoTo", "/JavaScript", "/Named", "?")] == ["", "", "script", "opening", "opening"]


@pytest.mark.parametrize(("page", "count"), [(0, 3), (4, 3), (-1, 3), (1, None), (1, 0)])
def test_no_other_page_is_shown(page: int, count: int | None) -> None:
    with pytest.raises(Invalid, match=r"page\.unknown"):
        pages.check_page(page, count)


def test_a_page_of_it_is() -> None:
    assert [pages.check_page(page, 3) for page in (1, 2, 3)] == [1, 2, 3]
