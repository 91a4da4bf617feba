"""Pages become pictures in a process of their own, once each; what cannot be drawn harms nobody else."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from meetings.errors import NotFound, Unavailable
from meetings.pages import Look
from tests.support.sheets import acting, pdf, photograph
from web import pageimages
from web.pageimages import Press, fitting

SHA = "ab" * 32


@pytest.fixture
async def press(tmp_path: Path) -> AsyncIterator[Press]:
    press = Press(tmp_path / "pages")
    yield press
    await press.close()


def kept(folder: Path, data: bytes, name: str = "a.pdf") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


async def test_a_page_is_drawn_once_in_the_next_width_up(press: Press, tmp_path: Path) -> None:
    source = kept(tmp_path, pdf(3))
    first, again = await asyncio.gather(press.page(source, SHA, 2, 700), press.page(source, SHA, 2, 720))
    assert first == again and size(first) == (720, 1019) and fitting(9_999) == pageimages.WIDTHS[-1]
    inode = first.stat().st_ino
    assert (await press.page(source, SHA, 2, 720)).stat().st_ino == inode
    assert [path.name for path in first.parent.iterdir()] == ["2-720.webp"]


async def test_a_page_says_its_words(press: Press, tmp_path: Path) -> None:
    assert (await press.text(kept(tmp_path, pdf(3)), 3)).strip() == "Trang 3"


async def test_the_last_of_two_thousand_pages_is_there_at_once(press: Press, tmp_path: Path) -> None:
    source = kept(tmp_path, pdf(2_000))
    async with asyncio.timeout(5):
        assert (await press.page(source, SHA, 2_000, 360)).stat().st_size < 40_000


async def test_no_page_and_no_document_say_so_and_the_next_one_is_drawn(press: Press, tmp_path: Path) -> None:
    good, bad = kept(tmp_path, pdf(1)), kept(tmp_path, b"%PDF-1.7\nnothing", "b.pdf")
    for source, page in ((bad, 1), (good, 2), (tmp_path / "away.pdf", 1)):
        with pytest.raises(NotFound, match=r"page\.unreadable"):
            await press.page(source, SHA, page, 360)
    assert await press.page(good, SHA, 1, 360)
    assert not list((tmp_path / "pages").rglob("*.part"))


async def test_a_reader_that_hangs_is_ended_and_another_one_begins(press: Press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = kept(tmp_path, pdf(1))
    await press.page(source, SHA, 1, 360)
    monkeypatch.setattr(pageimages, "PATIENCE", 0.0)
    with pytest.raises(Unavailable, match=r"page\.busy"):
        await press.page(source, SHA, 1, 540)
    monkeypatch.undo()
    assert await press.page(source, SHA, 1, 540)


async def test_more_than_can_be_drawn_is_refused(press: Press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pageimages, "WAITING", 0)
    with pytest.raises(Unavailable, match=r"page\.busy"):
        await press.page(kept(tmp_path, pdf(1)), SHA, 1, 360)
    with pytest.raises(Unavailable, match=r"page\.busy"):
        await press.text(kept(tmp_path, pdf(1)), 1)
    monkeypatch.undo()
    assert (await press.text(kept(tmp_path, pdf(1)), 1)).strip() == "Trang 1"


async def test_a_picture_is_a_page_as_wide_as_it_is_looked_at(press: Press, tmp_path: Path) -> None:
    source = kept(tmp_path, photograph(1_600, 1_200, turned=True), "a.jpg")
    assert size(await press.page(source, SHA, 1, 360, picture=True)) == (360, 480)


async def test_the_oldest_pictures_go_when_there_are_too_many(press: Press, tmp_path: Path) -> None:
    source = kept(tmp_path, pdf(2))
    pages = [await press.page(source, SHA, page, 360) for page in (1, 2)]
    assert press.sweep() == 0 and press.sweep(pages[1].stat().st_size) == 1
    assert [page.exists() for page in pages] == [False, True]


def test_a_file_is_looked_through_elsewhere(press: Press) -> None:
    assert press.look(pdf(2)) == Look(2) and press.look(acting("launch")) == Look(1, "launch") and press.look(b"%PDF-") is None


def test_photographs_become_upright_pages_without_what_the_camera_wrote(press: Press) -> None:
    made = press.bind([photograph(4_000, 3_000, turned=True), photograph(400, 300)])
    assert made is not None and b"Exif" not in made
    document = pypdfium2.PdfDocument(io.BytesIO(made))
    sizes = [document[page].get_size() for page in range(len(document))]
    assert sizes[0][1] > sizes[0][0] and sizes[1][0] > sizes[1][1] and len(made) < 400_000
    document.close()
    assert press.look(made) == Look(2)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff broken", b"GIF89a"], ids=["nothing", "cut", "another kind"])
def test_what_is_no_photograph_becomes_none(press: Press, data: bytes) -> None:
    assert press.bind([data]) is None


async def test_an_answer_that_nobody_waits_for_any_more_is_nobody_elses(press: Press, tmp_path: Path) -> None:
    source = kept(tmp_path, pdf(3))
    await press.warm()
    given_up = asyncio.create_task(press.text(source, 1))
    while not press._turn.locked():
        await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    assert (await press.text(source, 2)).strip() == "Trang 2"


async def test_a_process_that_began_too_slowly_is_not_asked(press: Press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pageimages, "START", 0.0)
    await press.warm()
    monkeypatch.undo()
    assert (await press.text(kept(tmp_path, pdf(3)), 2)).strip() == "Trang 2"
