"""What a PDF of ours may hold, what it must hold, and what looking at a stranger's may cost."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from minutes import pdfcheck, seal, verify
from minutes.appearance import render_appearance
from minutes.draft import facts_from_events, minutes_model
from minutes.pdf import RenderedPdf, render_pdf
from minutes.signing import SIGNING_ORDER
from minutes.testca import DemoAuthority
from tests.minutes.ledgers import whole_meeting
from tests.minutes.papers import AGENCY, AT, BOXES, declare, model, page, sign_blindly, signer, smallest

# --- the attachment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [smallest, page])
def test_the_declared_attachment_is_the_model(made) -> None:
    assert pdfcheck.active_content(made()) == ""
    assert pdfcheck.attached(pdfcheck.open_strictly(made())) == model()


def _other_tree(pdf: pikepdf.Pdf, data: bytes) -> None:
    declare(pdf, data)
    pdf.Root.Names.EmbeddedFiles = pdf.make_indirect(pikepdf.Dictionary(Kids=[pikepdf.Dictionary(
        Names=["document.json", pdf.Root.AF[0]])]))


def _listed_elsewhere(pdf: pikepdf.Pdf, data: bytes) -> None:
    declare(pdf, data)
    kept = pdf.Root.AF
    declare(pdf, data)
    pdf.Root.AF = kept


def _second_stream(pdf: pikepdf.Pdf, data: bytes) -> None:
    declare(pdf, data)
    pdf.Root.AF[0].EF.UF = pdf.make_stream(b"{}")


def _without_kind(pdf: pikepdf.Pdf, data: bytes) -> None:
    """One more that does not say that it is a file."""
    declare(pdf, data, kind="")
    more = pdf.make_indirect(pikepdf.Dictionary(F="x.exe", EF=pikepdf.Dictionary(F=pdf.make_stream(b"MZ"))))
    pdf.pages[0].obj.Extra = more


def _with_parameters(pdf: pikepdf.Pdf, data: bytes) -> None:
    declare(pdf, data)
    pdf.Root.AF[0].EF.F.write(
        zlib.compress(data), filter=pikepdf.Name.FlateDecode, decode_parms=pikepdf.Dictionary(Predictor=2))


ATTACHMENTS = {
    "none": lambda pdf, data: None,
    "not associated": lambda pdf, data: (declare(pdf, data), pdf.Root.__delitem__("/AF")),
    "not named": lambda pdf, data: (declare(pdf, data), pdf.Root.__delitem__("/Names")),
    "another name": lambda pdf, data: declare(pdf, data, name="hoa-don.exe"),
    "another relation": lambda pdf, data: declare(pdf, data, relationship="/Data"),
    "not a model": lambda pdf, data: declare(pdf, b"{}"),
    "another model": lambda pdf, data: declare(pdf, model(title="Khác").to_json()),
    "another spelling": lambda pdf, data: declare(pdf, data + b"\n"),
    "a tree of trees": _other_tree, "two of them": _listed_elsewhere, "two streams": _second_stream,
    "a second without a type": _without_kind, "a filter of its own": _with_parameters,
}


@pytest.mark.parametrize("attach", ATTACHMENTS.values(), ids=ATTACHMENTS)
def test_any_other_attachment_is_refused_before_signing_and_after(tmp_path: Path, attach) -> None:
    pdf = smallest(attach)
    assert pdfcheck.active_content(pdf) == "/EmbeddedFiles"
    authority = DemoAuthority(tmp_path)
    out = BytesIO()
    writer = seal.IncrementalPdfFileWriter(BytesIO(pdf))
    for box in BOXES:
        seal.pdf_fields.append_signature_field(writer, seal.pdf_fields.SigFieldSpec(
            sig_field_name=box.role, on_page=0, box=(box.x0, box.y0, box.x1, box.y1), combine_annotation=True))
    writer.write(out)
    signed = out.getvalue()
    for role in SIGNING_ORDER:
        signed = sign_blindly(signed, role, signer(authority, role))
    verdict = verify.verify_pdf(signed, authority.trust)
    assert not verdict.valid and verdict.reason in {"document", "active"}


def test_an_attachment_that_swells_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfcheck, "LARGEST_MODEL", len(model().to_json()) - 1)
    assert pdfcheck.attached(pdfcheck.open_strictly(smallest())) is None


# --- tables ---------------------------------------------------------------------------------------------------------


def test_compressed_tables_of_objects_are_refused() -> None:
    out = BytesIO()
    with pikepdf.open(BytesIO(smallest())) as pdf:
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    with pytest.raises(Exception, match="compressed|exceeds the limit"):
        pdfcheck.open_strictly(out.getvalue())


# --- what a stranger's file may cost ----------------------------------------------------------------------------------


def written(*objects: bytes) -> bytes:
    """A well-formed file of these objects; the first is the catalogue."""
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return bytes(out) + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(out)))


def signatures_asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every signature that verification looks at."""
    asked: list[str] = []
    own = verify._own_opinion

    def counted(data: bytes, embedded, *more) -> verify.SignatureVerdict:
        asked.append(embedded.field_name)
        return own(data, embedded, *more)

    monkeypatch.setattr(verify, "_own_opinion", counted)
    return asked


@pytest.mark.parametrize("count", [1, 3, 5, 300, 10_000])
def test_with_a_wrong_number_of_fields_no_signature_is_judged(
    trust, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """All fields share one value of half a megabyte: judging each would cost a minute."""
    asked = signatures_asked(monkeypatch)
    body = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 1 2 3]/Contents<%b>>>" % (
        b"00" * 250_000)
    fields = b"".join(b"%d 0 R " % (3 + n) for n in range(count))
    data = written(b"<</Type/Catalog/AcroForm<</Fields[%b]>>>>" % fields, body,
                   *(b"<</FT/Sig/T(f%d)/V 2 0 R>>" % n for n in range(count)))
    verdict = verify.verify_pdf(data, trust)
    assert (verdict.valid, verdict.reason, verdict.signatures, asked) == (False, "roles", (), [])


def _numbers(count: int) -> bytes:
    return written(b"<</Type/Catalog/X[%b]>>" % (b"0 " * count))


def _references(count: int) -> bytes:
    return written(b"<</Type/Catalog/AcroForm<</Fields[%b]>>>>" % (b"2 0 R " * count), b"<<>>")


def _swelling(size: int) -> bytes:
    """A table of objects that is 30 KB in the file and `size` bytes when it is unpacked."""
    packed = zlib.compress(b"\x01\x00\x00\x10\x00" * (size // 5), 9)
    return (b"%%PDF-1.7\n1 0 obj\n<</Type/XRef/W[1 3 1]/Size %d/Root 2 0 R/Filter/FlateDecode/Length %d>>\nstream\n%b\n"
            b"endstream\nendobj\nstartxref\n9\n%%%%EOF\n") % (size // 5, len(packed), packed)


def _flat(size: int) -> bytes:
    """The same, not packed at all."""
    return (b"%%PDF-1.7\n1 0 obj\n<</Type/XRef/W[1 3 1]/Size %d/Root 2 0 R/Length %d>>\nstream\n%b\n"
            b"endstream\nendobj\nstartxref\n9\n%%%%EOF\n") % (size // 5, size, b"\x01\x00\x00\x10\x00" * (size // 5))


def _revisions(count: int) -> bytes:
    out, previous = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n", 0
    for _ in range(count):
        at = len(out)
        out += b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 2/Root 1 0 R/Prev %d>>\n" % previous
        previous = at
    return out + b"startxref\n%d\n%%%%EOF\n" % previous


COSTLY = {
    "numbers": _numbers(2_400_000), "references": _references(800_000), "swelling": _swelling(20_000_000),
    "flat": _flat(4_000_000), "revisions": _revisions(5_000),
}


@pytest.mark.parametrize("made", COSTLY.values(), ids=COSTLY)
def test_a_strangers_file_is_put_down_when_it_costs_too_much(made: bytes, trust) -> None:
    """At most 5 MiB that a parser would chew for up to half a minute: measured in reads, so that no clock decides."""
    assert verify.verify_pdf(made, trust).reason == "structure"
    with pytest.raises(Exception, match=r"too much work|too many|decod|limit|exceed"):
        pdfcheck.field_names(pdfcheck.open_strictly(made, pdfcheck.READS_UNTRUSTED))


def test_a_file_is_walked_only_when_its_signatures_are_those_of_trusted_people(
    sealed_pdf: bytes, trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: list[object] = []
    monkeypatch.setattr(pdfcheck, "findings", lambda reader: walked.append(reader) or "")
    assert verify.verify_pdf(sealed_pdf, ()).reason == "untrusted" and walked == []
    assert verify.verify_pdf(sealed_pdf, trust).valid and len(walked) == 1


# --- the largest minutes there can be -----------------------------------------------------------------------------------

COMMUNES = 3_321  # of the whole country


@pytest.fixture(scope="module")
def country() -> RenderedPdf:
    return render_pdf(minutes_model(facts_from_events(whole_meeting(COMMUNES)), number=7, verify_url="https://x.vn/v/A"))


def test_minutes_of_the_whole_country_can_be_numbered(country: RenderedPdf) -> None:
    """With room to spare in every limit: what is printed before the number is, can also be signed and read again."""
    reader = pdfcheck.open_strictly(country.data)
    assert pdfcheck.findings(reader) == "" and pdfcheck.attached(reader) is not None
    assert reader.stream.left > pdfcheck.READS // 2
    assert len(country.data) < 0.8 * verify.LARGEST_PDF


@pytest.mark.long
def test_minutes_of_the_whole_country_can_be_signed(country: RenderedPdf, tmp_path: Path) -> None:
    authority = DemoAuthority(tmp_path)
    names = {"initials": "Lê Hoa", "secretary": "Nguyễn Văn An", "chair": "Trần Thị Bình", "agency": AGENCY}
    pdf = seal.prepare(country.data, country.fields)
    for role in SIGNING_ORDER:
        key = authority.agency("t", AGENCY) if role == "agency" else authority.person(role, names[role], "X", AGENCY)
        mark = render_appearance(role.value, names[role], AGENCY, AT, test=True)
        pdf = seal.sign(pdf, role, key, mark, AT, authority.trust)
    assert verify.verify_pdf(pdf, authority.trust).valid
