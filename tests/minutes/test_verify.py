"""Verification says no to everything but exactly what was sealed: one flipped byte anywhere is enough."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from minutes import cms, seal, verify
from minutes.signing import SIGNING_ORDER, SignerRole
from minutes.testca import DemoAuthority
from minutes.verify import Verdict
from tests.minutes.papers import BOXES, sign, sign_blindly, signer, smallest
from tests.support.record import Record


def judge(data: bytes, trust: tuple[bytes, ...], **more) -> Verdict:
    return verify.verify_pdf(data, trust, **more)


def flipped(data: bytes, place: int, mask: int = 1) -> bytes:
    return data[:place] + bytes([data[place] ^ mask]) + data[place + 1:]


def test_genuine_minutes_are_valid_and_say_who_signed_and_when(finished: Record, sealed_pdf, trust) -> None:
    verdict = judge(sealed_pdf, trust)
    assert (verdict.valid, verdict.kind, verdict.reason, verdict.test) == (True, "pdf", "", True)
    assert [s.role for s in verdict.signatures] == ["initials", "secretary", "chair", "agency"]
    steps = finished.status().round.round.signatures
    assert [(s.signer, s.time) for s in verdict.signatures] == [(step.signer, step.at) for step in steps]
    assert all(s.valid and not s.reason and s.test for s in verdict.signatures)


def _gaps(data: bytes) -> list[tuple[int, int]]:
    """Where the four signature values stand: the only bytes the last signature does not cover."""
    from minutes import pdfcheck

    ranges = [s.byte_range for s in pdfcheck.open_strictly(data).embedded_signatures]
    return sorted((int(r[1]), int(r[2])) for r in ranges)


def accepted(pdf: bytes, trust: tuple[bytes, ...], places: Iterable[int]) -> list[int]:
    """Of these places, those where a flipped bit goes unnoticed; 0x20 changes the case of letters and digits."""
    return [place for place in places if judge(flipped(pdf, place, (0x01, 0x20, 0x80)[place % 3]), trust).valid]


def test_one_flipped_byte_of_real_minutes_makes_them_invalid(sealed_pdf: bytes, trust) -> None:
    gaps = _gaps(sealed_pdf)
    edges = {place for gap in (gaps[0], gaps[-1]) for place in (gap[0], gap[0] + 1, gap[1] - 1, gap[1])}
    places = edges | {0, 5, len(sealed_pdf) - 1, len(sealed_pdf) - 6, *range(700, len(sealed_pdf), 20_011)}
    assert accepted(sealed_pdf, trust, sorted(places)) == []


@pytest.mark.parametrize("step", [97, pytest.param(1, marks=pytest.mark.long)])
def test_one_flipped_byte_of_small_minutes_makes_them_invalid(
    prepared: bytes, authority: DemoAuthority, step: int
) -> None:
    """Every byte in the long form."""
    pdf = sign(prepared, authority, *SIGNING_ORDER)
    assert judge(pdf, authority.trust).valid
    assert accepted(pdf, authority.trust, range(0, len(pdf), step)) == []


def test_every_byte_of_the_last_signature_value_counts(sealed_pdf: bytes, trust) -> None:
    """Nothing covers this gap, so each digit, the padding included, must have one possible value."""
    before, after = _gaps(sealed_pdf)[-1]
    (agency,) = [s for s in _signatures(sealed_pdf) if s.field_name == "agency"]
    good = verify._contents(sealed_pdf, agency, last=True)
    for place in range(before, after):
        try:
            der = verify._contents(flipped(sealed_pdf, place, 0x20), agency, last=True)
        except (cms.BadSignature, ValueError):
            continue
        assert der != good, f"byte {place} has two spellings"
        with pytest.raises(cms.BadSignature):
            changed = cms.read(der)
            digest = _digest(sealed_pdf, agency)
            cms.check(changed, digest, verify.load_trust(trust), datetime(2026, 3, 5, 2, tzinfo=UTC))


def _signatures(data: bytes):
    from minutes import pdfcheck

    return list(pdfcheck.open_strictly(data).embedded_signatures)


def _digest(data: bytes, embedded) -> bytes:
    _, before, after, length = (int(n) for n in embedded.byte_range)
    return hashlib.sha256(data[:before] + data[after:after + length]).digest()


@pytest.mark.parametrize("tail", [b" ", b"\n", b"%", b"\n%%EOF\n", b"1 0 obj\n<<>>\nendobj\n", bytes(1000)])
def test_anything_after_the_end_makes_it_invalid(sealed_pdf: bytes, trust, tail: bytes) -> None:
    assert not judge(sealed_pdf + tail, trust).valid


@pytest.mark.parametrize("head", [b" ", b"%PDF-1.7\n", b"\xef\xbb\xbf"])
def test_anything_before_the_beginning_makes_it_invalid(sealed_pdf: bytes, trust, head: bytes) -> None:
    assert not judge(head + sealed_pdf, trust).valid


def test_a_file_cut_short_is_invalid(sealed_pdf: bytes, trust) -> None:
    for size in range(0, len(sealed_pdf), len(sealed_pdf) // 16):
        assert not judge(sealed_pdf[:size], trust).valid


def test_minutes_without_the_seal_are_not_finished(sealed_pdf: bytes, trust) -> None:
    """Cutting the last revision off gives a well-formed file that the chair really signed."""
    ends = [int(s.byte_range[2] + s.byte_range[3]) for s in _signatures(sealed_pdf)]
    for count, end in enumerate(sorted(ends)[:3], start=1):
        verdict = judge(sealed_pdf[:end], trust)
        assert (verdict.valid, verdict.reason) == (False, "roles")
        assert len(verdict.signatures) == count
        assert judge(sealed_pdf[:end], trust, roles=SIGNING_ORDER[:count]).valid


def update(pdf: bytes, change) -> bytes:
    """An unsigned incremental update: what an attacker can do without any key."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _note(writer: IncrementalPdfFileWriter) -> None:
    page, _ = writer.find_page_for_modification(0)
    note = generic.pdf_name
    annotation = generic.DictionaryObject({
        note("/Type"): note("/Annot"), note("/Subtype"): note("/FreeText"),
        note("/Rect"): generic.ArrayObject([generic.FloatObject(n) for n in (0, 0, 99, 99)]),
        note("/Contents"): generic.pdf_string("Số tiền: 9.000.000.000 đồng")})
    page.get_object()[note("/Annots")] = generic.ArrayObject([writer.add_object(annotation)])
    writer.update_container(page.get_object())


def _new_text(writer: IncrementalPdfFileWriter) -> None:
    page, _ = writer.find_page_for_modification(0)
    stream = generic.StreamObject(stream_data=b"BT /F1 30 Tf 50 500 Td (Khong) Tj ET")
    page.get_object()[generic.pdf_name("/Contents")] = writer.add_object(stream)
    writer.update_container(page.get_object())


def _title(writer: IncrementalPdfFileWriter) -> None:
    writer.root[generic.pdf_name("/Lang")] = generic.pdf_string("en")
    writer.update_root()


def _nothing(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.DictionaryObject())


def _moved_mark(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][2].get_object()
    field[generic.pdf_name("/Rect")] = generic.ArrayObject([generic.FloatObject(n) for n in (0, 0, 1, 1)])
    writer.update_container(field)


@pytest.mark.parametrize("change", [_note, _new_text, _title, _nothing, _moved_mark])
def test_a_later_change_by_whoever_is_invalid(sealed_pdf: bytes, trust, change) -> None:
    verdict = judge(update(sealed_pdf, change), trust)
    assert not verdict.valid
    assert verdict.reason in {"coverage", "changed", "active", "structure", "library"}


@pytest.mark.parametrize("change", [_note, _new_text, _title, _moved_mark])
def test_a_change_slipped_in_between_two_signatures_is_invalid(tmp_path: Path, change) -> None:
    """Even when the seal then covers it: what the chair signed is not what was sealed (shadow and annotation attacks)."""
    authority = DemoAuthority(tmp_path)
    pdf = sign(seal.prepare(smallest(), BOXES), authority, *SIGNING_ORDER[:3])
    spoiled = update(pdf, change)
    sealed = sign_blindly(spoiled, SignerRole.AGENCY, signer(authority, SignerRole.AGENCY))
    assert not judge(sealed, authority.trust).valid


def test_signatures_in_another_order_or_number_are_invalid(tmp_path: Path) -> None:
    authority = DemoAuthority(tmp_path)
    prepared = seal.prepare(smallest(), BOXES)
    for order in ([0, 2, 1, 3], [0, 1, 3], [0, 1, 2], [1, 2, 3], [3]):
        pdf = prepared
        for place in order:
            role = SIGNING_ORDER[place]
            pdf = sign_blindly(pdf, role, signer(authority, role))
        assert not judge(pdf, authority.trust).valid, order


# --- trust and time -------------------------------------------------------------------------------------------------


def test_only_the_named_authority_is_trusted(sealed_pdf: bytes, trust, tmp_path: Path) -> None:
    foreign = DemoAuthority(tmp_path / "same-name")
    for wrong in ((), foreign.trust):
        verdict = judge(sealed_pdf, wrong)
        assert (verdict.valid, verdict.reason) == (False, "untrusted")
        assert {s.reason for s in verdict.signatures} == {"untrusted"}
    assert judge(sealed_pdf, (*foreign.trust, *trust)).valid


def test_a_signers_own_certificate_is_no_authority(finished: Record, sealed_pdf: bytes) -> None:
    chair = finished.signers.person("u-chair", "Phạm Minh Hải", "Phó Chủ tịch", "Ủy ban nhân dân tỉnh Quảng Ninh")
    leaf = x509.load_der_x509_certificate(chair.certificate).public_bytes(Encoding.PEM)
    assert judge(sealed_pdf, (leaf,)).reason == "untrusted"


def test_a_signature_from_the_future_is_refused_but_a_clock_may_be_half_a_minute_off(sealed_pdf: bytes, trust) -> None:
    last = judge(sealed_pdf, trust).signatures[-1].time
    assert last is not None
    assert judge(sealed_pdf, trust, at=last - timedelta(seconds=20)).valid
    assert judge(sealed_pdf, trust, at=last - timedelta(seconds=40)).reason == "future"


def test_a_signature_made_outside_the_certificates_life_is_refused(tmp_path: Path) -> None:
    authority = DemoAuthority(tmp_path)
    pdf = seal.prepare(smallest(), BOXES)
    late = datetime(2049, 6, 1, tzinfo=UTC)
    role = SignerRole.INITIALS
    pdf = seal.sign(pdf, role, signer(authority, role), None, late, authority.trust)
    assert judge(pdf, authority.trust, at=late, roles=(role,)).reason == "expired"


@pytest.mark.parametrize("data", [b"", b"%PDF-", b"PK\x03\x04", b"x", b"%PDF-1.7\n" + bytes(5000), b"%PDF-1.7\n%%EOF"])
def test_rubbish_is_a_verdict_and_never_an_error(tmp_path: Path, data: bytes, trust) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    assert not verify.verify_file(path, trust).valid


def test_a_missing_file_is_unreadable(tmp_path: Path, trust) -> None:
    verdict = verify.verify_file(tmp_path / "none.pdf", trust)
    assert (verdict.valid, verdict.readable, verdict.reason) == (False, False, "unreadable")


def test_an_encrypted_or_rewritten_copy_is_not_the_original(sealed_pdf: bytes, trust) -> None:
    for options in ({"encryption": pikepdf.Encryption(owner="x", user="")}, {}, {"linearize": True}):
        out = BytesIO()
        with pikepdf.open(BytesIO(sealed_pdf)) as pdf:
            pdf.save(out, **options)
        assert not judge(out.getvalue(), trust).valid


def test_a_file_beyond_the_limit_is_not_even_parsed(trust) -> None:
    assert judge(b"%PDF-1.7\n" + bytes(verify.LARGEST_PDF), trust).reason == "too_large"


def test_every_reason_has_a_sentence_in_two_languages(sealed_pdf: bytes, trust) -> None:
    from web import verdict as words
    from web.i18n import read_catalogue

    assert set(words.REASONS) == verify.REASONS
    known = read_catalogue("en")
    assert not {text for text in (*words.REASONS.values(), *words.ROLES.values()) if text not in known}
    good = judge(sealed_pdf, trust)
    assert "thử nghiệm" in words.sentence(good)
    assert "HỢP LỆ" in words.sentence(replace(good, signatures=()))
    assert "KHÔNG HỢP LỆ" in words.sentence(Verdict(False, "packet", reason="packet_form"))
    assert words.sentence(Verdict(False, "")) == words.REASONS["unreadable"]
