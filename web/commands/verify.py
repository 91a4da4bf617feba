"""`python3 -m web verify FILE`: says whether signed minutes (PDF) or a meeting packet are valid, who signed and when; and whether the
chain of a meeting's events (the JSON of its line in time) holds.

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

from meetings import ledger_file
from minutes import verify
from minutes.verify import SignatureVerdict, Verdict
from web.i18n import I18n, _, languages, ngettext, speak
from web.folders import data_folder, is_demonstration
from web.verdict import reason_text, role_name, sentence

VALID, NOT_VALID, UNREADABLE = 0, 1, 2
AUTHORITY = Path("ca") / "ca.pem"  # inside the data folder; web/app.py keeps the test authority there
BAD_TRUST = "trust"  # the one reason in JSON that is not about the file
VIETNAM = timezone(timedelta(hours=7))


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a signed PDF, a packet (.asice) or the events of a meeting (.json)")
    parser.add_argument("--trust", type=Path, metavar="PEM", help="certificates of the authorities to trust"
                        " (default: in the folder of a demonstration, its test authority; else nobody)")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    parser.add_argument("--language", choices=languages(), default="vi")
    parser.add_argument("--data", type=Path, help="folder of the data")


def run(arguments: argparse.Namespace) -> int:
    I18n()
    speak(arguments.language)
    if arguments.file.suffix == ".json":
        return chain(arguments.file, arguments.json)
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


def chain(file: Path, as_data: bool) -> int:
    """Whether every event of the file has its hash and follows the one before.  Signs are none of it: it tells of changes, not of people."""
    try:
        found = ledger_file.check(file.read_bytes())
    except (OSError, ledger_file.Unreadable):
        print(json.dumps({"valid": False, "kind": None, "reason": "unreadable"}) if as_data
              else _("✕ {file}: không đọc được tệp diễn biến.", file=file.name))
        return UNREADABLE
    if as_data:
        print(json.dumps({"valid": found.valid, "kind": "ledger", "meeting": found.meeting_id, "events": found.events,
                          "withheld": found.withheld, "head": found.head, "broken": found.broken, "reason": "" if found.valid else "changed"}))
    elif found.broken is None:
        print(ngettext("✓ {file}: {n} sự kiện, chuỗi nguyên vẹn; mã băm cuối {head}.", "✓ {file}: {n} events, the chain holds; last hash {head}.",
                       found.events, file=file.name, head=found.head))
        if found.withheld:
            print(ngettext("  {n} sự kiện không kèm nội dung: chỉ kiểm tra được vị trí.",
                           "  {n} events come without their content: only their place could be checked.", found.withheld))
    else:
        print(_("✕ {file}: chuỗi bị đứt ở sự kiện {n}.", file=file.name, n=found.broken) if found.broken
              else _("✕ {file}: thiếu sự kiện ở cuối tệp.", file=file.name))
    return VALID if found.valid else NOT_VALID


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
