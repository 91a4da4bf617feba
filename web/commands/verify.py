"""`python3 -m web verify FILE`: says whether signed minutes (PDF) or a meeting packet are valid, who signed and when.

Reads the file and the certificates to trust, nothing else: no server, no database, no network.  Without --trust the
test authority of a demonstration is trusted in its own folder, and nobody anywhere else, as on the verify page.  Exit
status 0 valid, 1 not valid, 2 unreadable (no such file, neither PDF nor packet, a trust file without certificates).
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from minutes import verify
from minutes.verify import SignatureVerdict, Verdict
from web.i18n import I18n, _, languages, speak
from web.folders import data_folder, is_demonstration
from web.verdict import reason_text, role_name, sentence

VALID, NOT_VALID, UNREADABLE = 0, 1, 2
AUTHORITY = Path("ca") / "ca.pem"  # inside the data folder; web/app.py keeps the test authority there
BAD_TRUST = "trust"  # the one reason in JSON that is not about the file
VIETNAM = timezone(timedelta(hours=7))


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a signed PDF or a packet (.asice)")
    parser.add_argument("--trust", type=Path, metavar="PEM", help="certificates of the authorities to trust"
                        " (default: in the folder of a demonstration, its test authority; else nobody)")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    parser.add_argument("--language", choices=languages(), default="vi")
    parser.add_argument("--data", type=Path, help="folder of the data")


def run(arguments: argparse.Namespace) -> int:
    I18n()
    speak(arguments.language)
    try:
        trust = load_trust(arguments.trust, arguments.data)
    except (OSError, ValueError):
        if arguments.json:
            print(json.dumps(as_json(Verdict(False, "", reason=BAD_TRUST)), ensure_ascii=False))
        print(_("✕ Không đọc được chứng thư tin cậy: {path}", path=arguments.trust or AUTHORITY), file=sys.stderr)
        return UNREADABLE
    verdict = verify.verify_file(arguments.file, trust)
    print(json.dumps(as_json(verdict), ensure_ascii=False) if arguments.json else as_text(verdict, arguments.file))
    if not verdict.readable:
        return UNREADABLE
    if not trust:
        print(_("Chưa có chứng thư tin cậy nào. Hãy nêu tệp chứng thư bằng --trust."), file=sys.stderr)
    return VALID if verdict.valid else NOT_VALID


def load_trust(named: Path | None, data: Path | None) -> tuple[bytes, ...]:
    """PEM of the authorities; nothing when none is named outside a demonstration, so everything is untrusted.

    Raises OSError or ValueError for a file that cannot be used.
    """
    folder = data_folder(data)
    if named is None and not is_demonstration(folder):
        return ()
    path = named or folder / AUTHORITY
    trust = (path.read_bytes(),)
    if not verify.load_trust(trust):
        raise ValueError("no certificate")
    return trust


def as_json(verdict: Verdict) -> dict[str, Any]:
    """{valid, kind, signatures: [{role, signer, time, valid, reason}], reason}; reasons are stable codes."""
    return {
        "valid": verdict.valid,
        "kind": verdict.kind or None,
        "signatures": [
            {"role": s.role, "signer": s.signer, "time": s.time.isoformat() if s.time else None, "valid": s.valid,
             "reason": s.reason, "issuer": s.issuer, "test": s.test}
            for s in verdict.signatures
        ],
        "reason": verdict.reason,
    }


def as_text(verdict: Verdict, file: Path) -> str:
    """A heading and one line for each signature."""
    mark = "✓" if verdict.valid else "✕"
    return "\n".join([f"{mark} {file.name}: {sentence(verdict)}", *(_line(item) for item in verdict.signatures)])


def _line(item: SignatureVerdict) -> str:
    when = _moment(item.time) if item.time else _("không rõ giờ")
    word = _("hợp lệ") if item.valid else _("không hợp lệ: {reason}", reason=reason_text(item.reason))
    return f"  {'✓' if item.valid else '✕'} {role_name(item.role)}: {item.signer or '—'}, {when} – {word}"


def _moment(at: datetime) -> str:
    return at.astimezone(VIETNAM).strftime("%d-%m-%Y %H:%M:%S +07:00")
