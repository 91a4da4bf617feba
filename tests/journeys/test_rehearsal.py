"""The command `rehearse` does the whole journey, and programs that are not ours agree with what came out of it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from web.bootstrap import ROOT
from web.commands import main

STEPS = ["start", "book", "open", "join", "relay", "floor", "vote", "delegate", "conclude", "draft", "number", "sign",
         "seal", "issue", "pack", "download", "verify", "take home", "stranger"]


def rehearse(folder: Path, points: int) -> tuple[int, dict[str, Any]]:
    report = folder / "report.json"
    command = [sys.executable, "-m", "web", "rehearse", "--points", str(points), "--json", str(report)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert report.exists(), done.stderr
    return done.returncode, json.loads(report.read_text())


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    status, report = rehearse(tmp_path_factory.mktemp("rehearsal"), 4)
    assert status == 0, report
    return report


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_every_step_happens_and_the_report_holds_what_it_promises(rehearsed: dict[str, Any]) -> None:
    assert [step["name"] for step in rehearsed["steps"]] == STEPS
    assert all(step["ok"] and step["seconds"] >= 0 for step in rehearsed["steps"])
    assert rehearsed["points_booked"] == rehearsed["points_joined"] == 4
    assert rehearsed["packets_relayed"] > rehearsed["packets_in"] > 500, "three send for six seconds, all receive"
    assert rehearsed["packets_lost"] == 0
    assert rehearsed["cpu_us_per_packet"] > 0 and rehearsed["join_ms_p95"] > 0 and rehearsed["duration_s"] > 5
    assert {ballot["choice"] for ballot in rehearsed["ballots"]} <= {"for", "against", "abstain"}
    assert len({ballot["point"] for ballot in rehearsed["ballots"]}) == 4
    for name in ("minutes_docx", "minutes_pdf", "packet", "ca"):
        assert Path(rehearsed[name]).stat().st_size > 0


def test_the_four_signatures_stand_in_their_order(rehearsed: dict[str, Any]) -> None:
    assert [one["role"] for one in rehearsed["signatures"]] == ["initials", "secretary", "chair", "agency"]
    assert all(one["valid"] for one in rehearsed["signatures"])
    times = [one["time"] for one in rehearsed["signatures"]]
    assert times == sorted(times)


def test_pdfsig_finds_four_valid_signatures_and_the_last_covers_everything(rehearsed: dict[str, Any]) -> None:
    said = run("pdfsig", "-nocert", rehearsed["minutes_pdf"]).stdout
    assert said.count("Signature is Valid.") == 4
    assert said.split("Signature #4")[1].count("Total document signed") == 1
    assert said.split("Signature #4")[0].count("Not total document signed") == 3


def test_qpdf_finds_nothing_wrong_with_the_file(rehearsed: dict[str, Any]) -> None:
    checked = run("qpdf", "--check", rehearsed["minutes_pdf"])
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_openssl_follows_every_certificate_to_the_authority(rehearsed: dict[str, Any], tmp_path: Path) -> None:
    for number, cms in enumerate(_signatures(Path(rehearsed["minutes_pdf"]))):
        raw, pem = tmp_path / f"{number}.p7s", tmp_path / f"{number}.pem"
        raw.write_bytes(cms)
        assert run("openssl", "pkcs7", "-inform", "DER", "-in", str(raw), "-print_certs", "-out", str(pem)).returncode == 0
        checked = run("openssl", "verify", "-CAfile", rehearsed["ca"], str(pem))
        assert checked.returncode == 0 and checked.stdout.strip().endswith("OK"), checked.stderr


def test_openssl_agrees_with_the_packet(rehearsed: dict[str, Any], tmp_path: Path) -> None:
    with zipfile.ZipFile(rehearsed["packet"]) as packet:
        assert packet.infolist()[0].filename == "mimetype"
        packet.extractall(tmp_path)
    manifest, signature = tmp_path / "META-INF/ASiCManifest001.xml", tmp_path / "META-INF/signature001.p7s"
    checked = run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(signature), "-content",
                  str(manifest), "-CAfile", rehearsed["ca"], "-purpose", "any", "-out", str(tmp_path / "out"))
    assert checked.returncode == 0, checked.stderr
    manifest.write_bytes(manifest.read_bytes().replace(b"bien-ban", b"bien-bam"))
    assert run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(signature), "-content",
               str(manifest), "-CAfile", rehearsed["ca"], "-purpose", "any", "-out", str(tmp_path / "out")).returncode != 0


def test_the_text_of_the_pdf_says_what_happened(rehearsed: dict[str, Any]) -> None:
    text = run("pdftotext", "-layout", rehearsed["minutes_pdf"], "-").stdout
    for wanted in ("Số: 01/BB-UBND", "BIÊN BẢN", "Thông qua kế hoạch phối hợp quý I", "4/4 điểm cầu",
                   "Thống nhất kế hoạch như dự thảo.", "CHỮ KÝ THỬ NGHIỆM"):
        assert wanted in text, wanted


@pytest.mark.parametrize("points", ["0", "240", "-3"])
def test_a_number_of_points_that_the_province_does_not_have_is_refused(points: str, tmp_path: Path) -> None:
    assert main(["rehearse", "--points", points, "--json", str(tmp_path / "r.json")]) == 2
    assert not (tmp_path / "r.json").exists()


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("not yours")
    assert main(["rehearse", "--data", str(tmp_path / "mine"), "--json", str(tmp_path / "r.json")]) == 2
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


@pytest.mark.long
@pytest.mark.parametrize("points", [60, 239])
def test_a_whole_province_can_rehearse(points: int, tmp_path: Path) -> None:
    status, report = rehearse(tmp_path, points)
    assert status == 0, report.get("error")
    assert report["points_joined"] == points and report["packets_lost"] == 0
    assert points > 60 or report["server_mib"] <= 400


def _signatures(path: Path) -> list[bytes]:
    with pikepdf.open(path) as pdf:
        fields = pdf.Root.AcroForm.Fields
        return [bytes(field.V.Contents) for field in fields if "/V" in field]
