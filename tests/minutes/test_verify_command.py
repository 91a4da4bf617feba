"""`python3 -m web verify`: exit status, JSON and plain words; genuine files in a process that has loaded nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from web import commands
from web.folders import ACCOUNTS
from web.i18n import speak

ROOT = Path(__file__).resolve().parent.parent.parent


def fresh(*arguments: object) -> subprocess.CompletedProcess[str]:
    """As a person calls it."""
    return subprocess.run([sys.executable, "-m", "web", "verify", *map(str, arguments)], cwd=ROOT,
                          env={**os.environ, "DIEMCAU_DATA": "/nonexistent"}, capture_output=True, text=True)


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The same command inside this process."""
    def call(*arguments: object, data: Path | None = None) -> Done:
        monkeypatch.setenv("DIEMCAU_DATA", str(data or "/nonexistent"))
        capsys.readouterr()
        code = commands.main(["verify", *map(str, arguments)])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    yield call
    speak("vi")  # the command sets the language of this context


@pytest.fixture
def files(sealed_pdf: bytes, packet_path: Path, tmp_path: Path, trust) -> dict[str, Path]:
    data = {"pdf": sealed_pdf, "packet": packet_path.read_bytes(), "ca": trust[0], "text": b"hello\n"}
    data |= {f"bad {name}": data[name][:5000] + bytes([data[name][5000] ^ 1]) + data[name][5001:]
             for name in ("pdf", "packet")}
    for name, content in data.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in data}


@pytest.mark.parametrize("name, kind, count", [("pdf", "pdf", 4), ("packet", "packet", 5)])
def test_a_genuine_file_is_valid_with_status_0(files: dict[str, Path], name: str, kind: str, count: int) -> None:
    done = fresh(files[name], "--trust", files["ca"], "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (said["valid"], said["kind"], said["reason"]) == (True, kind, "")
    assert len(said["signatures"]) == count
    assert {"role", "signer", "time", "valid", "reason"} <= set(said["signatures"][0])


@pytest.mark.parametrize("name", ["bad pdf", "bad packet"])
def test_one_flipped_byte_gives_status_1(run: Run, files: dict[str, Path], name: str) -> None:
    done = run(files[name], "--trust", files["ca"], "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["valid"]) == (1, False) and said["reason"]


def test_a_tampered_file_is_a_sentence_and_never_a_stack_trace(files: dict[str, Path], sealed_pdf: bytes) -> None:
    place = sealed_pdf.rindex(b"/ETSI.CAdES.detached") + 8
    files["pdf"].write_bytes(sealed_pdf[:place] + b"X" + sealed_pdf[place + 1:])
    done = fresh(files["pdf"], "--trust", files["ca"])
    assert (done.returncode, done.stderr) == (1, "") and "KHÔNG HỢP LỆ" in done.stdout


@pytest.mark.parametrize("name", ["text", "missing"])
def test_what_is_neither_pdf_nor_packet_gives_status_2(
    run: Run, files: dict[str, Path], tmp_path: Path, name: str
) -> None:
    done = run(files.get(name, tmp_path / name), "--trust", files["ca"], "--json")
    assert (done.returncode, json.loads(done.stdout)["reason"]) == (2, "unreadable")


@pytest.mark.parametrize("named", ["text", "missing"])
def test_a_trust_file_without_certificates_gives_status_2(
    run: Run, files: dict[str, Path], tmp_path: Path, named: str
) -> None:
    done = run(files["pdf"], "--trust", files.get(named, tmp_path / named))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    done = run(files["pdf"], "--json", "--trust", files.get(named, tmp_path / named))
    assert done.returncode == 2
    assert json.loads(done.stdout) == {"valid": False, "kind": None, "signatures": [], "reason": "trust"}


def test_without_trust_the_test_authority_counts_in_a_demonstration_and_nowhere_else(
    run: Run, files: dict[str, Path], tmp_path: Path
) -> None:
    """`serve` keeps a test authority in its folder too, and its page trusts it as little."""
    folder = tmp_path / "data"
    (folder / "ca").mkdir(parents=True)
    (folder / "ca" / "ca.pem").write_bytes(files["ca"].read_bytes())
    for data in (None, folder):
        done = run(files["pdf"], "--json", data=data)
        assert (done.returncode, json.loads(done.stdout)["reason"]) == (1, "untrusted")
        assert "--trust" in done.stderr
    (folder / ACCOUNTS).write_text("{}")
    assert run(files["pdf"], data=folder).returncode == 0


@pytest.mark.parametrize("language, said", [("vi", "Chủ tọa: Phạm Minh Hải"), ("en", "Phạm Minh Hải")])
def test_it_speaks_plainly(run: Run, files: dict[str, Path], language: str, said: str) -> None:
    text = run(files["pdf"], "--trust", files["ca"], "--language", language).stdout
    assert said in text and text.count("✓") == 5
