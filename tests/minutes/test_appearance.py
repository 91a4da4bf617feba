"""Visible marks: blue for people, red for the agency, transparent, of the field's size, plainly test marks."""

import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from minutes.appearance import ATTACHMENT, KINDS, initials_of, render_appearance
from minutes.pdf import SIZES

AT = datetime(2026, 11, 22, 7, 3, 27, tzinfo=UTC)


def mark(kind: str, test: bool = True, signer: str = "TS. Trần Thị Bình", org: str = "UBND tỉnh Quảng Ninh") -> bytes:
    return render_appearance(kind, signer, org, AT, test)


def text_of(data: bytes, tmp_path: Path) -> str:
    (tmp_path / "m.pdf").write_bytes(data)
    found = subprocess.run(["pdftotext", "-layout", str(tmp_path / "m.pdf"), "-"], check=True, capture_output=True)
    return " ".join(found.stdout.decode().split())


def colors_of(data: bytes, tmp_path: Path) -> tuple[set[str], bool]:
    """Which strong colours the mark has, and whether its background is transparent."""
    (tmp_path / "m.pdf").write_bytes(data)
    subprocess.run(["pdftocairo", "-png", "-transp", "-singlefile", "-r", "100", str(tmp_path / "m.pdf"),
                    str(tmp_path / "m")], check=True)
    pixels = Image.open(tmp_path / "m.png").convert("RGBA")
    seen = [p for _, p in pixels.getcolors(1 << 20) if p[3] > 200]
    names = {"red" for r, g, b, _ in seen if r > 150 and g < 90 and b < 90}
    return names | {"blue" for r, g, b, _ in seen if b > 130 and r < 90 and g < 110}, pixels.getpixel((1, 1))[3] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_mark_is_one_page_of_its_fields_size_and_plainly_says_test_signature(kind: str, tmp_path: Path) -> None:
    data = mark(kind)
    assert "CHỮ KÝ THỬ NGHIỆM" in text_of(data, tmp_path)
    info = subprocess.run(["pdfinfo", str(tmp_path / "m.pdf")], check=True, capture_output=True, text=True).stdout
    size = next(line for line in info.splitlines() if line.startswith("Page size")).split()
    wanted = SIZES.get(kind, ATTACHMENT)
    assert [float(size[2]), float(size[4])] == pytest.approx([mm * 72 / 25.4 for mm in wanted], abs=0.1)
    assert "Pages:           1" in info


@pytest.mark.parametrize("kind", KINDS)
def test_a_real_signature_says_nothing_of_tests(kind: str, tmp_path: Path) -> None:
    assert "THỬ NGHIỆM" not in text_of(mark(kind, test=False), tmp_path).upper()


def test_people_sign_in_blue_and_the_agency_in_red(tmp_path: Path) -> None:
    assert colors_of(mark("chair", test=False), tmp_path) == ({"blue"}, True)
    assert colors_of(mark("initials", test=False), tmp_path) == ({"blue"}, True)
    assert colors_of(mark("agency", test=False), tmp_path) == ({"red"}, True)


def test_the_agency_mark_names_agency_and_time_in_the_zone_of_vietnam(tmp_path: Path) -> None:
    text = text_of(mark("agency"), tmp_path)
    assert "Cơ quan: UBND tỉnh Quảng Ninh" in text and "Thời gian ký: 22-11-2026 14:03:27 +07:00" in text


def test_an_attachment_is_marked_by_black_text_only(tmp_path: Path) -> None:
    data = mark("attachment", test=False, org="Số: 07/BB-UBND")
    assert text_of(data, tmp_path) == "Số: 07/BB-UBND Thời gian ký: 22-11-2026 14:03:27 +07:00"
    assert colors_of(data, tmp_path) == (set(), True)


def test_names_lose_their_titles_and_give_their_initials(tmp_path: Path) -> None:
    # The name is written at a slant, which a text reader cuts into pieces.
    assert Counter(text_of(mark("chair", test=False), tmp_path).replace(" ", "")) == Counter("TrầnThịBình")
    assert initials_of("Lê Thị Hoa") == "LTH"


@pytest.mark.parametrize("name", ["", "A" * 200, "Nguyễn Phúc " * 12, "#import [x] $y$", "\u202e李 😀"])
@pytest.mark.parametrize("kind", KINDS)
def test_any_name_makes_a_mark(kind: str, name: str) -> None:
    assert render_appearance(kind, name, name, AT, True).startswith(b"%PDF")


def test_an_unknown_kind_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no such mark"):
        mark("king")


def test_the_same_person_signs_alike_and_two_people_do_not() -> None:
    assert mark("chair") == mark("chair") != mark("chair", signer="Lê Hoa")
