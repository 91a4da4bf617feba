"""The published attacks on signed PDFs, made from genuine minutes: every variant is refused.

Universal signature forgery, incremental saving, signature wrapping (2019), shadow attacks, evil annotations and sneaky
signatures on certified documents (2021); pdf-insecurity.org.  The attacker has our program, but only keys of their own.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields as pdf_fields
from pyhanko.sign import signers as pdf_signers

from minutes import pdfcheck, seal, verify
from minutes.signing import SIGNING_ORDER, SignerRole
from minutes.testca import DemoAuthority
from tests.minutes.papers import BOXES, declare, page, sign, sign_blindly, signer, smallest

Change = Callable[[IncrementalPdfFileWriter], None]
name = generic.pdf_name
COVER = b"1 1 1 rg 0 0 595 842 re f"


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> DemoAuthority:
    return DemoAuthority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def three(authority: DemoAuthority) -> bytes:
    """Signed by the three persons, not yet sealed."""
    return sign(seal.prepare(smallest(covered), BOXES), authority, *SIGNING_ORDER[:3])


@pytest.fixture(scope="module")
def signed(three: bytes, authority: DemoAuthority) -> bytes:
    pdf = sign(three, authority, SignerRole.AGENCY)
    assert verify.verify_pdf(pdf, authority.trust).valid
    return pdf


def covered(pdf: pikepdf.Pdf, data: bytes) -> None:
    """A page with words, and a picture that covers them: what the shadow attacks begin with."""
    declare(pdf, data)
    resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Cover=pdf.make_stream(
        COVER, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 595, 842])))
    pdf.pages[0].Resources = resources
    pdf.pages[0].Contents = pdf.make_stream(b"0 0 300 300 re f /Cover Do")


def refused(pdf: bytes, genuine: bytes, authority: DemoAuthority) -> verify.Verdict:
    assert pdf != genuine, "the attack changed nothing"
    verdict = verify.verify_pdf(pdf, authority.trust)
    assert not verdict.valid and not all(item.valid for item in verdict.signatures or [verdict])
    return verdict


def updated(pdf: bytes, change: Change) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


# --- universal signature forgery: the signature's own fields ------------------------------------------------------------

CONTENTS = re.compile(rb"/Contents <[0-9A-F]+>")
RANGE = re.compile(rb"/ByteRange \[[0-9 ]+\] *")
FORGED = {
    "no contents": (CONTENTS, b""), "null contents": (CONTENTS, b"/Contents null"),
    "empty contents": (CONTENTS, b"/Contents <>"), "one zero": (CONTENTS, b"/Contents <00>"),
    "contents elsewhere": (CONTENTS, b"/Contents 1 0 R"), "a name": (CONTENTS, b"/Contents /x"),
    "no range": (RANGE, b""), "null range": (RANGE, b"/ByteRange null "), "empty range": (RANGE, b"/ByteRange [] "),
    "zeros": (RANGE, b"/ByteRange [0 0 0 0] "), "negative": (RANGE, b"/ByteRange [0 -1 -1 0] "),
    "beyond the end": (RANGE, b"/ByteRange [0 99999999 99999999 1] "), "two numbers": (RANGE, b"/ByteRange [0 100] "),
    "six numbers": (RANGE, b"/ByteRange [0 1 2 3 4 5] "), "texts": (RANGE, b"/ByteRange [(0) (1) (2) (3)] "),
    "overlapping": (RANGE, b"/ByteRange [0 2000 1000 2000] "), "one byte": (RANGE, b"/ByteRange [0 1 0 1] "),
    "range elsewhere": (RANGE, b"/ByteRange 1 0 R "),
    "another format": (re.compile(rb"/ETSI\.CAdES\.detached"), b"/adbe.x509.rsa_sha1"),
    "no format": (re.compile(rb"/SubFilter /ETSI\.CAdES\.detached"), b""),
}


@pytest.mark.parametrize("which", [0, -1], ids=["first", "seal"])
@pytest.mark.parametrize("forgery", FORGED.values(), ids=FORGED)
def test_universal_forgery(signed: bytes, authority: DemoAuthority, forgery, which: int) -> None:
    """Same length where there is room, so that all offsets stay right and only the signature is strange."""
    pattern, other = forgery
    found = list(pattern.finditer(signed))[which]
    forged = signed[: found.start()] + other.ljust(found.end() - found.start()) + signed[found.end():]
    refused(forged, signed, authority)


@pytest.mark.parametrize("fill", [b"0", b"F"])
def test_a_value_of_zeros_and_the_value_of_another_signature(
    signed: bytes, authority: DemoAuthority, fill: bytes
) -> None:
    *_, before, last = CONTENTS.finditer(signed)
    width = last.end() - last.start()
    refused(signed[: last.start() + 11] + fill * (width - 12) + signed[last.end() - 1:], signed, authority)
    other = before.group()[:-1].ljust(width - 1, b"0")[: width - 1] + b">"
    refused(signed[: last.start()] + other + signed[last.end():], signed, authority)


# --- incremental saving ---------------------------------------------------------------------------------------------

BODY = b"1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"


@pytest.mark.parametrize("tail", [
    BODY, BODY + b"%%EOF\n", BODY + b"trailer\n<</Root 1 0 R/Size 2>>\n%%EOF\n",
    BODY + b"xref\n0 0\ntrailer\n<</Root 1 0 R/Size 2>>\nstartxref\n0\n%%EOF\n",
    BODY + b"startxref\n9\n%%EOF\n", b"xref\n0 0\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n",
    b"\n%%EOF", b"%PDF-1.7\n" + BODY + b"%%EOF"])
def test_incremental_saving_without_a_whole_table(signed: bytes, authority: DemoAuthority, tail: bytes) -> None:
    refused(signed + tail, signed, authority)


def _copied_signature(writer: IncrementalPdfFileWriter) -> None:
    """The new revision brings its own copy of the seal's dictionary, so that it seems to be signed."""
    field = _field(writer, "agency")
    field[name("/V")] = writer.add_object(generic.DictionaryObject(field["/V"]))
    writer.update_container(field)


def _swapped_signatures(writer: IncrementalPdfFileWriter) -> None:
    chair, agency = _field(writer, "chair"), _field(writer, "agency")
    chair[name("/V")], agency[name("/V")] = agency.raw_get("/V"), chair.raw_get("/V")
    writer.update_container(chair)
    writer.update_container(agency)


def _emptied_field(writer: IncrementalPdfFileWriter) -> None:
    field = _field(writer, "agency")
    del field["/V"]
    writer.update_container(field)


def _field(writer: IncrementalPdfFileWriter, wanted: str) -> generic.DictionaryObject:
    return next(ref.get_object() for ref in writer.root["/AcroForm"]["/Fields"] if ref.get_object()["/T"] == wanted)


# --- shadow attacks: hide, replace, hide and replace ------------------------------------------------------------------


def _hide(writer: IncrementalPdfFileWriter) -> None:
    """The cover is taken away: what it hid is shown."""
    cover = _page(writer)["/Resources"]["/XObject"]["/Cover"]
    cover._data = b""
    cover._encoded_data = None
    cover.pop("/Filter", None)
    writer.update_container(cover)


def _replace(writer: IncrementalPdfFileWriter) -> None:
    """The same object draws something else: as with a replaced font or the appearance of a form."""
    cover = _page(writer)["/Resources"]["/XObject"]["/Cover"]
    cover._data = b"1 0 0 rg 0 0 99 99 re f"
    cover._encoded_data = None
    cover.pop("/Filter", None)
    writer.update_container(cover)


def _hide_and_replace(writer: IncrementalPdfFileWriter) -> None:
    """The catalogue leads to other pages."""
    leaf = generic.DictionaryObject({
        name("/Type"): name("/Page"), name("/MediaBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 9, 9)))})
    tree = generic.DictionaryObject({
        name("/Type"): name("/Pages"), name("/Count"): generic.NumberObject(1),
        name("/Kids"): generic.ArrayObject([writer.add_object(leaf)])})
    writer.root[name("/Pages")] = leaf[name("/Parent")] = writer.add_object(tree)
    writer.update_root()


def _page(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    return writer.find_page_for_modification(0)[0].get_object()


def _text_field(writer: IncrementalPdfFileWriter) -> None:
    """A form whose value covers the page, as in the replacing variant."""
    box = generic.ArrayObject(generic.FloatObject(n) for n in (0, 0, 595, 842))
    field = writer.add_object(generic.DictionaryObject({
        name("/FT"): name("/Tx"), name("/T"): generic.pdf_string("x"), name("/V"): generic.pdf_string("Không"),
        name("/Type"): name("/Annot"), name("/Subtype"): name("/Widget"), name("/Rect"): box}))
    writer.root["/AcroForm"]["/Fields"].append(field)
    writer.update_container(writer.root["/AcroForm"])
    _annotate(writer, field)


def _annotate(writer: IncrementalPdfFileWriter, reference: generic.IndirectObject) -> None:
    there = _page(writer)
    there[name("/Annots")] = generic.ArrayObject([*map(there["/Annots"].raw_get, range(len(there["/Annots"]))), reference])
    writer.update_container(there)


# --- evil annotations on certified documents --------------------------------------------------------------------------


def evil(kind: str, flags: int = 4) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        box = generic.ArrayObject(generic.FloatObject(n) for n in (0, 0, 595, 842))
        _annotate(writer, writer.add_object(generic.DictionaryObject({
            name("/Type"): name("/Annot"), name("/Subtype"): name(kind), name("/Rect"): box,
            name("/F"): generic.NumberObject(flags), name("/Contents"): generic.pdf_string("9 tỷ đồng")})))
    return change


def _other_mark(writer: IncrementalPdfFileWriter) -> None:
    """The chair's mark shows another name, its signature untouched."""
    field = _field(writer, "chair")
    form = generic.StreamObject(
        {name("/Type"): name("/XObject"), name("/Subtype"): name("/Form"),
         name("/BBox"): generic.ArrayObject(generic.FloatObject(n) for n in (0, 0, 9, 9))}, stream_data=COVER)
    field[name("/AP")] = generic.DictionaryObject({name("/N"): writer.add_object(form)})
    writer.update_container(field)


CHANGES: dict[str, Change] = {
    "copied signature": _copied_signature, "swapped signatures": _swapped_signatures, "emptied field": _emptied_field,
    "hide": _hide, "replace": _replace, "hide and replace": _hide_and_replace, "text field": _text_field,
    "other mark": _other_mark,
    **{f"evil {kind}": evil(f"/{kind}") for kind in (
        "FreeText", "Redact", "Stamp", "Text", "Square", "Ink", "Line", "Highlight", "Link", "FileAttachment", "Widget")},
    "evil and hidden": evil("/FreeText", flags=2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_after_the_seal(signed: bytes, authority: DemoAuthority, change: Change) -> None:
    refused(updated(signed, change), signed, authority)


@pytest.mark.parametrize("change", [change for key, change in CHANGES.items() if "signature" not in key and "field" not in key],
                         ids=[key for key in CHANGES if "signature" not in key and "field" not in key])
def test_a_change_after_the_chair_signed_that_the_seal_then_covers(
    three: bytes, signed: bytes, authority: DemoAuthority, change: Change
) -> None:
    """The worst case: the agency's own key signs over it.  Our program does not, and a reader refuses all the same."""
    spoiled = updated(three, change)
    with pytest.raises(Exception, match=r"minutes\."):
        sign(spoiled, authority, SignerRole.AGENCY)
    refused(sign_blindly(spoiled, SignerRole.AGENCY, signer(authority, SignerRole.AGENCY)), signed, authority)


def test_a_replaced_font_of_real_minutes(authority: DemoAuthority) -> None:
    """Glyphs change their meaning: 1 million becomes 9 million."""
    three = sign(seal.prepare(page(), BOXES), authority, *SIGNING_ORDER[:3])

    def change(writer: IncrementalPdfFileWriter) -> None:
        fonts = _page(writer)["/Resources"]["/Font"]
        font = fonts[next(iter(fonts))]["/DescendantFonts"][0]["/FontDescriptor"]
        font[name("/FontFile2")] = writer.add_object(generic.StreamObject(stream_data=b"other glyphs"))
        writer.update_container(font)

    sealed = sign_blindly(updated(three, change), SignerRole.AGENCY, signer(authority, SignerRole.AGENCY))
    assert not verify.verify_pdf(sealed, authority.trust).valid
    assert verify.verify_pdf(sign(three, authority, SignerRole.AGENCY), authority.trust).valid


# --- sneaky signatures ------------------------------------------------------------------------------------------------


def sneak(pdf: bytes, authority: DemoAuthority, field: str) -> bytes:
    """One more signature with a field of its own that covers the page."""
    key = authority.person("sneak", "Kẻ Gian", "", "x")
    meta = pdf_signers.PdfSignatureMetadata(
        field_name=field, md_algorithm="sha256", subfilter=pdf_fields.SigSeedSubFilter.PADES)
    spec = pdf_fields.SigFieldSpec(sig_field_name=field, on_page=0, box=(0, 0, 595, 842))
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)

    async def work() -> bytes:
        out = await pdf_signers.PdfSigner(meta, seal._Adapter(key), new_field_spec=spec).async_sign_pdf(
            writer, bytes_reserved=8192)
        return out.getvalue()

    return seal._in_thread(work())


@pytest.mark.parametrize("trusted", [False, True], ids=["stranger's key", "trusted key"])
@pytest.mark.parametrize("field", ["fifth", "aaa"])
def test_a_sneaky_signature(
    signed: bytes, three: bytes, authority: DemoAuthority, stranger: DemoAuthority, trusted: bool, field: str
) -> None:
    key = authority if trusted else stranger
    for before in (signed, three):
        pdf = sneak(before, key, field)
        if before is three:
            pdf = sign_blindly(pdf, SignerRole.AGENCY, signer(authority, SignerRole.AGENCY))
        assert refused(pdf, signed, authority).reason == "roles"


# --- signature wrapping -----------------------------------------------------------------------------------------------


def _gap(pdf: bytes) -> tuple[int, int]:
    last = pdfcheck.open_strictly(pdf).embedded_signatures[-1].byte_range
    return int(last[1]), int(last[2])


def test_wrapping_with_a_second_range_in_the_padding(signed: bytes, authority: DemoAuthority) -> None:
    """The padding gives room for keys that nothing covers; the value, every offset and the file's length stay."""
    before, after = _gap(signed)
    value = re.match(rb"<[0-9A-F]+?(?=(?:00)+>)", signed[before:after])
    assert value
    numbers = b" ".join(b"%d" % n for n in (0, before, after, len(signed) - after))
    for extra in (b"/ByteRange [%b]" % numbers, b"/Name (Thu tuong)", b"/Reference []", b"%", b" "):
        wrapped = value.group() + b">" + extra
        room = after - before - len(wrapped)
        assert room > 20
        padding = b"/X (" + b"x" * (room - 5) + b")" if extra not in (b"%", b" ") else b" " * room
        refused(signed[:before] + wrapped + padding + signed[after:], signed, authority)


@pytest.mark.parametrize("evil_bytes", [b"", b"9 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n", bytes(5000)])
def test_wrapping_with_the_second_part_moved(signed: bytes, authority: DemoAuthority, evil_bytes: bytes) -> None:
    """Foreign objects between the two signed parts, and a range that leads around them."""
    before, after = _gap(signed)
    shifted = after + len(evil_bytes) + 40
    (*_, found) = RANGE.finditer(signed)
    moved = b"/ByteRange [0 %d %d %d]" % (before, shifted, len(signed) - after)
    width = found.end() - found.start()
    head = signed[: found.start()] + moved.ljust(width)[:width] + signed[found.end():before]
    refused(head + signed[before:after] + evil_bytes.ljust(shifted - after) + signed[after:], signed, authority)


# --- the table of objects ---------------------------------------------------------------------------------------------


def test_a_hybrid_table(signed: bytes, authority: DemoAuthority) -> None:
    at = len(signed)
    tail = b"xref\n0 0\ntrailer\n<</Root 1 0 R/Size 2/Prev %d/XRefStm 9>>\nstartxref\n%d\n%%%%EOF\n" % (
        int(signed.rsplit(b"startxref\n", 1)[1].split(b"\n")[0]), at)
    refused(signed + tail, signed, authority)


def test_an_object_that_stands_twice(signed: bytes, authority: DemoAuthority) -> None:
    """A second object of a number that the table also names, appended with a table of its own."""
    page_object = b"%d" % pdfcheck.open_strictly(signed).find_page_for_modification(0)[0].idnum
    again = b"%b 0 obj\n<</Type/Page/MediaBox[0 0 9 9]>>\nendobj\n" % page_object
    table = len(signed) + len(again)
    previous = int(signed.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    tail = again + b"xref\n%b 1\n%010d 00000 n \ntrailer\n<</Root 1 0 R/Size 99/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        page_object, len(signed), previous, table)
    refused(signed + tail, signed, authority)


def test_cut_at_every_64_bytes(signed: bytes, authority: DemoAuthority) -> None:
    for size in range(0, len(signed), 64):
        assert not verify.verify_pdf(signed[:size], authority.trust).valid, size


# --- a third opinion --------------------------------------------------------------------------------------------------


def test_openssl_accepts_each_signature_over_its_own_range_and_no_other(
    signed: bytes, authority: DemoAuthority, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(authority.ca_pem())
    embedded = pdfcheck.open_strictly(signed).embedded_signatures
    assert [item.field_name for item in embedded] == [role.value for role in SIGNING_ORDER]
    for place, item in enumerate(embedded):
        first, before, after, length = map(int, item.byte_range)
        (tmp_path / "sig").write_bytes(verify._contents(signed, item, last=place == 3))
        for spoil, code in ((b"", 0), (b" ", 4)):
            (tmp_path / "data").write_bytes(signed[first:before] + signed[after:after + length] + spoil)
            done = subprocess.run(
                ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", tmp_path / "sig", "-content",
                 tmp_path / "data", "-CAfile", tmp_path / "ca.pem", "-out", "/dev/null"], capture_output=True)
            assert done.returncode == code, done.stderr
