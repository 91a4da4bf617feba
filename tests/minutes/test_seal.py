"""Signing the PDF: four fields first, then four signatures that other programs call valid; nothing else gets signed."""

from __future__ import annotations

import asyncio
import re
import subprocess
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from meetings.errors import Conflict, Invalid
from minutes import pdfcheck, seal, verify
from minutes.signing import SIGNING_ORDER, SignerRole
from minutes.testca import DemoAuthority
from tests.minutes.papers import AT, BOXES, Box, page, sign


@pytest.fixture(scope="module")
def plain() -> bytes:
    return page()


@pytest.fixture(scope="module")
def signed(plain: bytes, authority: DemoAuthority) -> bytes:
    return sign(seal.prepare(plain, BOXES), authority, *SIGNING_ORDER)


def test_poppler_calls_all_four_valid_and_the_last_covers_the_whole_document(
    sealed_pdf: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "m.pdf"
    path.write_bytes(sealed_pdf)
    said = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"Signature Field Name: (\w+)", said)
    assert names == ["initials", "secretary", "chair", "agency"]
    assert said.count("Signature is Valid") == 4
    covers = re.findall(r"(Not total|Total) document signed", said)
    assert covers == ["Not total"] * 3 + ["Total"]
    assert said.count("ETSI.CAdES.detached") == 4


def test_qpdf_finds_nothing_wrong(sealed_pdf: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.pdf"
    path.write_bytes(sealed_pdf)
    done = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_first_certifies_with_form_filling_and_the_seal_locks_every_field(sealed_pdf: bytes) -> None:
    with pikepdf.open(BytesIO(sealed_pdf)) as pdf:
        values = {str(field.T): field.V for field in pdf.Root.AcroForm.Fields}
        methods = {name: {str(ref.TransformMethod): ref.TransformParams for ref in value.get("/Reference", [])}
                   for name, value in values.items()}
        assert int(methods["initials"]["/DocMDP"].P) == 2
        assert [name for name, found in methods.items() if "/DocMDP" in found] == ["initials"]
        assert str(methods["agency"]["/FieldMDP"].Action) == "/All"
        assert str(pdf.Root.Perms.DocMDP.Type) == "/Sig"


def test_the_file_is_still_what_an_archive_wants(sealed_pdf: bytes) -> None:
    with pikepdf.open(BytesIO(sealed_pdf)) as pdf:
        assert "/OutputIntents" in pdf.Root
        assert b"pdfaid" in pdf.Root.Metadata.read_bytes()
        assert "/NeedAppearances" not in pdf.Root.AcroForm
        for field in pdf.Root.AcroForm.Fields:
            assert int(field.F) & 4, "a mark that is not printed is no mark"
            assert "/N" in field.AP


def test_every_mark_is_seen_at_its_place(sealed_pdf: bytes) -> None:
    with pikepdf.open(BytesIO(sealed_pdf)) as pdf:
        for field in pdf.Root.AcroForm.Fields:
            x0, y0, x1, y1 = (float(number) for number in field.Rect)
            assert x1 - x0 > 20 and y1 - y0 > 20
            assert field.AP.N.Resources.XObject, "the mark is empty"


def test_signing_adds_to_the_file_and_never_rewrites_it(plain: bytes, authority: DemoAuthority) -> None:
    pdf = seal.prepare(plain, BOXES)
    assert pdf.startswith(plain)
    for role in SIGNING_ORDER:
        longer = sign(pdf, authority, role)
        assert longer.startswith(pdf)
        pdf = longer


@pytest.mark.parametrize("done", range(4))
def test_a_signature_out_of_turn_is_not_put_on(plain: bytes, authority: DemoAuthority, done: int) -> None:
    pdf = sign(seal.prepare(plain, BOXES), authority, *SIGNING_ORDER[:done])
    for role in SIGNING_ORDER[done + 1:]:
        with pytest.raises(Conflict, match=r"minutes\.order"):
            sign(pdf, authority, role)


def test_sealing_a_file_whose_leader_signature_fails_is_refused(plain: bytes, authority: DemoAuthority) -> None:
    pdf = bytearray(sign(seal.prepare(plain, BOXES), authority, *SIGNING_ORDER[:3]))
    pdf[700] ^= 1
    with pytest.raises(Conflict, match=r"minutes\.order"):
        sign(bytes(pdf), authority, SignerRole.AGENCY)


def test_sealing_over_signatures_of_a_foreign_authority_is_refused(
    plain: bytes, authority: DemoAuthority, tmp_path: Path
) -> None:
    foreign = DemoAuthority(tmp_path / "foreign")
    pdf = sign(seal.prepare(plain, BOXES), foreign, *SIGNING_ORDER[:3])
    with pytest.raises(Conflict):
        sign(pdf, authority, SignerRole.AGENCY)


@pytest.mark.parametrize("boxes", [BOXES[:3], [*BOXES, BOXES[0]], [*BOXES[:3], BOXES[0]], []])
def test_all_four_places_must_be_there_before_the_first_signature(plain: bytes, boxes: list[Box]) -> None:
    with pytest.raises(Invalid, match=r"minutes\.fields"):
        seal.prepare(plain, boxes)


def spoil(pdf: bytes, change) -> bytes:
    out = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as opened:
        change(opened)
        opened.save(out)
    return out.getvalue()


def _script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pdf.make_indirect(pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)"))


def _annotation(pdf: pikepdf.Pdf) -> None:
    note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText, Rect=[0, 0, 9, 9], Contents="x")
    pdf.pages[0].Annots = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(note)]))


def _layers(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OCProperties = pikepdf.Dictionary(OCGs=[], D=pikepdf.Dictionary())


def _attachments(pdf: pikepdf.Pdf) -> None:
    for name in ("a.txt", "b.txt"):
        pdf.attachments[name] = b"x"


def _hidden_script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.StructTreeRoot.Deep = pdf.make_indirect(pikepdf.Dictionary(
        Next=[pikepdf.Dictionary(S=pikepdf.Name.Launch, F="calc")]))


def _catalogue(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Threads = pdf.make_indirect(pikepdf.Array([]))


@pytest.mark.parametrize("change", [_script, _annotation, _layers, _attachments, _hidden_script, _catalogue])
def test_a_file_that_could_show_something_else_is_not_signed(plain: bytes, change) -> None:
    with pytest.raises(Invalid, match=r"minutes\.pdf_active"):
        seal.prepare(spoil(plain, change), BOXES)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"x" * 100, b"%PDF-1.7\n%%EOF\n"])
def test_what_is_not_a_pdf_is_not_signed(data: bytes) -> None:
    with pytest.raises(Invalid, match=r"minutes\.pdf_active"):
        seal.prepare(data, BOXES)


def test_our_own_pages_hold_nothing_forbidden(sealed_pdf: bytes, plain: bytes) -> None:
    assert pdfcheck.active_content(plain) == ""
    assert pdfcheck.active_content(sealed_pdf) == ""


async def test_signing_works_where_an_event_loop_runs(plain: bytes, authority: DemoAuthority) -> None:
    assert asyncio.get_running_loop()
    pdf = sign(seal.prepare(plain, BOXES), authority, SignerRole.INITIALS)
    assert verify.verify_pdf(pdf, authority.trust, roles=(SignerRole.INITIALS,)).valid


def test_the_signature_says_the_time_that_the_mark_shows(signed: bytes, authority: DemoAuthority) -> None:
    assert {s.time for s in verify.verify_pdf(signed, authority.trust).signatures} == {AT}
