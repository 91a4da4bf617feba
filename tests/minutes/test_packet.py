"""The packet: whole or absent, openable by anybody's tools, and not one byte of it can change unnoticed."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from meetings.errors import Invalid, TooLarge, Unavailable
from minutes import manifest, packet, seal, verify, zipform
from minutes.manifest import BadManifest, Listed
from minutes.packet import MINUTES_NAME, PacketFile, build
from minutes.packing import packed_name
from minutes.signing import SIGNING_ORDER, SignerRole
from minutes.testca import DemoAuthority
from tests.minutes import papers
from tests.support.record import Record

AT = datetime(2026, 3, 5, 4, tzinfo=UTC)


def file(name: str, data: bytes, media_type: str = "application/pdf") -> PacketFile:
    return PacketFile(name, media_type, hashlib.sha256(data).hexdigest(), lambda: BytesIO(data))


@pytest.fixture
def agency(finished: Record):
    return finished.signers.agency("t", "Ủy ban nhân dân tỉnh Quảng Ninh")


def judge(path: Path, trust) -> verify.Verdict:
    return verify.verify_file(path, trust)


# --- what is in it, and what other programs say ---------------------------------------------------------------------


def test_a_genuine_packet_is_valid_with_five_signatures(packet_path: Path, trust) -> None:
    verdict = judge(packet_path, trust)
    assert (verdict.valid, verdict.kind, verdict.reason) == (True, "packet", "")
    assert [s.role for s in verdict.signatures] == ["initials", "secretary", "chair", "agency", "manifest"]
    assert verdict.signatures[3].signer == verdict.signatures[4].signer


def test_any_zip_program_opens_it_and_the_mimetype_stands_first_and_stored(packet_path: Path) -> None:
    with zipfile.ZipFile(packet_path) as opened:
        assert opened.testzip() is None
        infos = opened.infolist()
        assert [i.filename for i in infos] == [
            "mimetype", MINUTES_NAME, "giay-moi.pdf", "tai-lieu/01 Báo cáo tháng 3.pdf",
            manifest.MANIFEST_NAME, manifest.SIGNATURE_NAME]
        assert opened.read("mimetype") == packet.MIMETYPE
        assert {i.compress_type for i in infos} == {zipfile.ZIP_STORED}
    assert packet_path.read_bytes()[30:38] == b"mimetype"


def test_openssl_accepts_the_manifests_signature(packet_path: Path, tmp_path: Path, trust) -> None:
    (tmp_path / "ca.pem").write_bytes(trust[0])
    with zipfile.ZipFile(packet_path) as opened:
        opened.extract(manifest.MANIFEST_NAME, tmp_path)
        opened.extract(manifest.SIGNATURE_NAME, tmp_path)
    command = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in",
               tmp_path / manifest.SIGNATURE_NAME, "-content", tmp_path / manifest.MANIFEST_NAME, "-CAfile",
               tmp_path / "ca.pem", "-out", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with (tmp_path / manifest.MANIFEST_NAME).open("ab") as text:
        text.write(b" ")
    assert subprocess.run(command, capture_output=True).returncode != 0


def test_the_same_contents_make_the_same_container(tmp_path: Path) -> None:
    def write(path: Path) -> bytes:
        with path.open("wb+") as out:
            writer = zipform.Writer(out)
            writer.add("mimetype", BytesIO(b"x"))
            writer.add("Ủy ban/Đ.txt", BytesIO(b"y" * 3_000_000))
            writer.close()
        return path.read_bytes()

    assert write(tmp_path / "a") == write(tmp_path / "b")


# --- one byte -------------------------------------------------------------------------------------------------------


def regions(data: bytes) -> dict[str, range]:
    """Every kind of region of the container: headers, names, contents, directory, end."""
    with zipfile.ZipFile(BytesIO(data)) as opened:
        start = opened.start_dir
        found = {"directory": range(start, len(data) - 22), "end": range(len(data) - 22, len(data))}
        for info in opened.infolist():
            content = info.header_offset + 30 + len(info.filename.encode())
            found[f"header of {info.filename}"] = range(info.header_offset, content)
            found[f"content of {info.filename}"] = range(content, content + info.file_size)
    return found


def flip(path: Path, data: bytes, place: int, mask: int) -> Path:
    path.write_bytes(data[:place] + bytes([data[place] ^ mask]) + data[place + 1:])
    return path


def test_one_flipped_byte_in_any_region_makes_it_invalid(packet_path: Path, tmp_path: Path, trust) -> None:
    data, chance = packet_path.read_bytes(), random.Random(2)
    for region, places in regions(data).items():
        chosen = {places[0], places[-1], *chance.sample(places, min(4, len(places)))}
        for number, place in enumerate(sorted(chosen)):
            verdict = judge(flip(tmp_path / "p", data, place, (1, 0x20, 0x80)[number % 3]), trust)
            assert not verdict.valid, f"{region}, byte {place}"


def test_every_header_and_directory_byte_counts(packet_path: Path, tmp_path: Path) -> None:
    """All that is not content of a file: the reader alone must refuse it, whatever bit changes."""
    data = packet_path.read_bytes()
    contents = {place for name, places in regions(data).items() if name.startswith("content") for place in places}
    for place in sorted(set(range(len(data))) - contents):
        with flip(tmp_path / "p", data, place, 1 << place % 8).open("rb") as opened, pytest.raises(zipform.BadZip):
            zipform.read_directory(opened)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, tuple[bytes, ...]]:
    """A packet of the smallest minutes and one document, and whom to trust."""
    folder = tmp_path_factory.mktemp("small")
    authority = DemoAuthority(folder / "ca")
    pdf = papers.sign(seal.prepare(papers.smallest(), papers.BOXES), authority, *SIGNING_ORDER)
    files = [file(MINUTES_NAME, pdf), file("tai-lieu/01 Số liệu.txt", b"1 2 3\n", "text/plain")]
    build(folder / "p", files, papers.signer(authority, SignerRole.AGENCY), AT)
    return (folder / "p").read_bytes(), authority.trust


@pytest.mark.parametrize("step", [97, pytest.param(1, marks=pytest.mark.long)])
def test_one_flipped_byte_of_a_small_packet_makes_it_invalid(small, tmp_path: Path, step: int) -> None:
    """Every byte in the long form."""
    data, trust = small
    (tmp_path / "p").write_bytes(data)
    assert judge(tmp_path / "p", trust).valid
    accepted = [place for place in range(0, len(data), step)
                if judge(flip(tmp_path / "p", data, place, (1, 0x20, 0x80)[place % 3]), trust).valid]
    assert accepted == []


def test_every_byte_of_manifest_and_signature_counts(small) -> None:
    """All that the manifest's signature must answer for; the CRC of the container is left aside."""
    data, trust = small
    text, der = (data[places.start:places.stop] for places in (
        regions(data)[f"content of {name}"] for name in (manifest.MANIFEST_NAME, manifest.SIGNATURE_NAME)))
    assert packet._manifest_signature(text, der, trust, AT).valid
    for place in range(len(der)):
        changed = der[:place] + bytes([der[place] ^ (1, 0x20)[place % 2]]) + der[place + 1:]
        assert not packet._manifest_signature(text, changed, trust, AT).valid, place
    for place in range(len(text)):
        changed = text[:place] + bytes([text[place] ^ (1, 0x20)[place % 2]]) + text[place + 1:]
        assert packet._manifest_signature(changed, der, trust, AT).reason == "altered"


@pytest.mark.parametrize("change", [
    lambda d: d + b"\0", lambda d: b"\0" + d, lambda d: d[:-1], lambda d: d[:1000], lambda d: d + d,
    lambda d: b"PK\x03\x04", lambda d: d[: len(d) // 2] + d[len(d) // 2 + 1:]])
def test_added_or_missing_bytes_make_it_invalid(packet_path: Path, tmp_path: Path, trust, change) -> None:
    (tmp_path / "p").write_bytes(change(packet_path.read_bytes()))
    assert not judge(tmp_path / "p", trust).valid


# --- rebuilt by others ----------------------------------------------------------------------------------------------


def repack(packet_path: Path, out: Path, change) -> Path:
    """Our own form, other contents: what somebody with our program but without the key can make."""
    with zipfile.ZipFile(packet_path) as opened:
        items = [(name, opened.read(name)) for name in opened.namelist()]
    with out.open("wb+") as target:
        writer = zipform.Writer(target)
        for name, data in change(items):
            writer.add(name, BytesIO(data))
        writer.close()
    return out


def _without_document(items):
    return [item for item in items if not item[0].startswith("tai-lieu")]


def _other_document(items):
    return [(name, b"khac" if name.startswith("tai-lieu") else data) for name, data in items]


def _one_more(items):
    return [*items[:-2], ("tai-lieu/02 them.txt", b"x"), *items[-2:]]


def _renamed(items):
    return [("tai-lieu/01 Khác.pdf" if name.startswith("tai-lieu") else name, data) for name, data in items]


def _manifest_too(items):
    """The list is adapted to the change, so only its signature can tell."""
    changed = dict(_other_document(items))
    listed = [Listed(f.name, f.media_type, hashlib.sha256(changed[f.name]).hexdigest(), f.root)
              for f in manifest.read(changed[manifest.MANIFEST_NAME])]
    return [(name, manifest.write(listed) if name == manifest.MANIFEST_NAME else data)
            for name, data in changed.items()]


def _swapped(items):
    return [items[0], items[2], items[1], *items[3:]]


@pytest.mark.parametrize("change", [_without_document, _other_document, _one_more, _renamed, _manifest_too, _swapped])
def test_a_packet_put_together_again_by_others_is_invalid(packet_path: Path, tmp_path: Path, trust, change) -> None:
    assert not judge(repack(packet_path, tmp_path / "p", change), trust).valid


def test_unchanged_contents_put_together_again_are_the_same_packet(packet_path: Path, tmp_path: Path) -> None:
    assert repack(packet_path, tmp_path / "p", lambda items: items).read_bytes() == packet_path.read_bytes()


def test_a_compressed_bomb_is_refused_without_being_unpacked(tmp_path: Path, trust) -> None:
    path = tmp_path / "bomb"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        made.writestr("mimetype", packet.MIMETYPE)
        made.writestr("bien-ban.pdf", bytes(200_000_000))
    assert path.stat().st_size < 1_000_000
    assert judge(path, trust).reason == "packet_form"


def test_a_packet_signed_by_a_foreign_agency_around_genuine_minutes_is_invalid(
    sealed_pdf: bytes, tmp_path: Path, trust, finished: Record
) -> None:
    files = [file(MINUTES_NAME, sealed_pdf)]
    foreign = DemoAuthority(tmp_path / "ca").agency("t", "Ủy ban nhân dân tỉnh Quảng Ninh")
    build(tmp_path / "a", files, foreign, AT)
    assert judge(tmp_path / "a", trust).reason == "untrusted"
    build(tmp_path / "b", files, finished.signers.agency("x", "Ủy ban nhân dân xã Ba Chẽ"), AT)
    assert judge(tmp_path / "b", trust).reason == "packet_signer"


def test_minutes_that_do_not_hold_make_the_packet_invalid(sealed_pdf: bytes, agency, tmp_path: Path, trust) -> None:
    build(tmp_path / "p", [file(MINUTES_NAME, sealed_pdf[:-1] + b" ")], agency, AT)
    assert judge(tmp_path / "p", trust).reason == "packet_minutes"


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [
    "../x", "/etc/passwd", "a/../b", "a//b", "a\\b", "C:x", "a\0b", "a\nb", "", ".", "a/.", "x.", " x", "x ", "a/ b",
    "\u202exfdp.exe", "e\u0302", "x" * 241, "a?b", "a*"])
def test_an_unsafe_name_is_not_packed(tmp_path: Path, sealed_pdf: bytes, agency, name: str) -> None:
    assert not zipform.safe_name(name)
    with pytest.raises(Invalid, match=r"packet\.name"):
        build(tmp_path / "p", [file(MINUTES_NAME, sealed_pdf), file(name, b"x")], agency, AT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["bien-ban.pdf", "tai-lieu/01 Báo cáo (lần 2).pdf", "META-INF/x.xml", "Ủy ban.txt"])
def test_an_ordinary_name_is_packed(name: str) -> None:
    assert zipform.safe_name(name)


@pytest.mark.parametrize("name", [
    "Báo cáo.pdf", "../../etc/passwd", "a/b\\c:d.docx", "\u202ex.pdf", "x" * 200 + ".pdf", "Đ" * 200, "...", ".pdf", " ",
    "e\u0302.txt", "a.\n"])
def test_a_documents_own_name_is_made_safe_and_keeps_its_ending(name: str) -> None:
    packed = packed_name(3, name)
    assert zipform.safe_name(packed), packed
    assert packed.startswith("tai-lieu/03 ")


def test_two_files_of_one_name_are_refused(tmp_path: Path, sealed_pdf: bytes, agency) -> None:
    with pytest.raises(Invalid, match=r"packet\.name"):
        build(tmp_path / "p", [file(MINUTES_NAME, sealed_pdf), file("a", b"1"), file("a", b"2")], agency, AT)


@pytest.mark.parametrize("count", [0, 2])
def test_there_is_exactly_one_record_in_a_packet(tmp_path: Path, sealed_pdf: bytes, agency, count: int) -> None:
    with pytest.raises(Invalid, match=r"packet\.name"):
        build(tmp_path / "p", [file(MINUTES_NAME, sealed_pdf)] * count + [file("x", b"x")], agency, AT)


# --- what can go wrong while building -------------------------------------------------------------------------------


def test_a_file_that_is_not_what_its_digest_says_stops_the_packet(tmp_path: Path, sealed_pdf: bytes, agency) -> None:
    rotten = PacketFile("x.pdf", "application/pdf", "0" * 64, lambda: BytesIO(b"x"))
    with pytest.raises(Invalid, match=r"packet\.file_changed"):
        build(tmp_path / "p", [file(MINUTES_NAME, sealed_pdf), rotten], agency, AT)
    assert list(tmp_path.iterdir()) == []


def test_a_packet_beyond_two_gib_is_refused_and_leaves_nothing(
    tmp_path: Path, sealed_pdf: bytes, agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipform, "LARGEST", 1_000_000)
    with pytest.raises(TooLarge, match=r"packet\.too_large"):
        build(tmp_path / "p", [file(MINUTES_NAME, sealed_pdf), file("x", bytes(2_000_000))], agency, AT)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_gives_a_clear_error_and_leaves_nothing_half_written(
    small_disk: Path, sealed_pdf: bytes, agency, trust
) -> None:
    big = file("tai-lieu/01 Lon.bin", os.urandom(3 << 20))
    with pytest.raises(Unavailable, match=r"blob\.full"):
        build(small_disk / "p.asice", [file(MINUTES_NAME, sealed_pdf), big], agency, AT)
    assert list(small_disk.iterdir()) == []
    build(small_disk / "p.asice", [file(MINUTES_NAME, sealed_pdf)], agency, AT)
    assert judge(small_disk / "p.asice", trust).valid


# --- the list -------------------------------------------------------------------------------------------------------

ONE = (Listed("bien-ban.pdf", "application/pdf", "ab" * 32, True), Listed("tài liệu & <1>.pdf", 'a/"b"', "cd" * 32))


def test_a_list_is_read_back_as_it_was_written() -> None:
    assert manifest.read(manifest.write(ONE)) == ONE


@pytest.mark.parametrize("change", [
    lambda d: d.replace(b"\n", b"\r\n"), lambda d: d + b" ", lambda d: d[:-20], lambda d: b"",
    lambda d: d.replace(b"asic:", b"x:"), lambda d: d.replace(b"</asic:ASiCManifest>", b"<x/></asic:ASiCManifest>"),
    lambda d: d.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', 1),
    lambda d: d.replace(b"?>", b"?><!-- x -->", 1), lambda d: d.replace(b"xmlenc#sha256", b"xmlenc#sha1"),
    lambda d: d.replace(b"<ds:DigestValue>", b"<ds:DigestValue>!"), lambda d: d.replace(b"UTF-8", b"UTF-16"),
    lambda d: d + bytes(manifest.LARGEST)])
def test_a_list_with_anything_else_in_it_is_refused(change) -> None:
    with pytest.raises(BadManifest):
        manifest.read(change(manifest.write(ONE)))
