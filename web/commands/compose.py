"""`python3 -m web compose MEETING --format webm|mp4`: makes one file of a finished recording, at its own pace.

Needs no running installation.  Shows how far it is; Ctrl+C leaves no half file.  What is damaged or missing is told.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from web.bootstrap import ROOT
from web.folders import installation
from web.i18n import _

if TYPE_CHECKING:
    from media.compose import Result
    from web.recording import Recording

FAILED, USAGE = 1, 2
FONT = ROOT / "minutes" / "fonts" / "LiberationSerif-Bold.ttf"
FORMATS = ("webm", "mp4")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("meeting", metavar="MEETING", help=_("mã cuộc họp, hoặc phòng bench-"))
    parser.add_argument("--format", required=True, choices=FORMATS)
    parser.add_argument("--recording", metavar="ID", help=_("bản ghi nào (mặc định: bản mới nhất)"))
    parser.add_argument("--out", type=Path, metavar="FILE", help=_("tệp kết quả (mặc định: cạnh bản ghi)"))
    parser.add_argument("--data", type=Path, help=_("thư mục dữ liệu"))


def run(arguments: argparse.Namespace) -> int:
    settings = installation(arguments.data)
    recording = _chosen(settings.data, arguments.meeting, arguments.recording)
    if recording is None:
        return USAGE
    out = arguments.out or recording.folder.with_name(f"{recording.name}.{arguments.format}")
    from media.compose import compose
    from media.errors import MediaError

    progress = _Progress()
    try:
        result = compose(recording.folder, out.resolve(), arguments.format, names=_names(settings, arguments.meeting),
                         font=FONT, progress=progress.tell)
    except (MediaError, OSError, ValueError) as error:
        progress.end()
        print(_("✕ Không ghép được: {reason}", reason=error), file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        progress.end()
        print(_("Đã dừng; không để lại tệp dở dang."), file=sys.stderr)
        raise
    progress.end()
    _report(result, recording, out)
    return 0


def _chosen(data: Path, meeting: str, wanted: str | None) -> Recording | None:
    """The recording that was meant; None, and said why, when there is none that is finished."""
    from web.recording import listed

    try:
        found = listed(data, meeting)
    except ValueError:
        found = []
    chosen = [one for one in found if wanted is None or one.name == wanted]
    if not chosen:
        print(_("✕ Không có bản ghi nào của cuộc họp này trong {folder}.", folder=data), file=sys.stderr)
        for one in found:
            print(f"  {one.name}", file=sys.stderr)
        return None
    if chosen[-1].running:
        print(_("✕ Bản ghi {name} đang được ghi. Hãy chờ nó xong.", name=chosen[-1].name), file=sys.stderr)
        return None
    return chosen[-1]


class _Progress:
    """One line that changes on a terminal; a line for each tenth elsewhere."""

    def __init__(self) -> None:
        self._changing = sys.stdout.isatty()
        self._told = -1

    def tell(self, done: float, total: float) -> None:
        percent = int(100 * done / total)
        step = 1 if self._changing else 10
        if percent // step != self._told:
            self._told = percent // step
            text = _("Đang ghép: {percent} %", percent=percent)
            print(f"\r{text}" if self._changing else text, end="" if self._changing else "\n", flush=True)

    def end(self) -> None:
        if self._changing and self._told >= 0:
            print()


def _report(result: Result, recording: Recording, out: Path) -> None:
    print(_("✓ {file}: {seconds} giây, hình {picture}, tiếng {sound}.", file=out, seconds=round(result.seconds, 1),
            picture=result.picture, sound=result.sound))
    if result.picture == "mpeg4":
        print(_("△ Bản FFmpeg này không có bộ mã H.264 (x264): hình được mã bằng MPEG-4 phần 2."), file=sys.stderr)
    for name in result.damaged:
        print(_("△ Tệp {name} không còn như lúc ghi (SHA-256 khác).", name=name), file=sys.stderr)
    for name in result.missing:
        print(_("△ Tệp {name} không còn.", name=name), file=sys.stderr)
    gaps = len(recording.manifest["gaps"]) + sum(len(track["gaps"]) for track in recording.manifest["tracks"])
    if gaps or result.broken:
        print(_("△ Bản ghi có {gaps} chỗ trống, {broken} khung hình hoặc tiếng không giải mã được.", gaps=gaps,
                broken=result.broken), file=sys.stderr)


def _names(settings: Any, meeting: str) -> dict[str, str]:
    """Point codes to names, where this installation knows the meeting."""
    from meetings import service
    from meetings.errors import MeetingError
    from meetings.store.database import Database

    if not settings.database and not (settings.data / "diemcau.db").exists():
        return {}
    db = Database(settings.database_url)
    try:
        with db.read() as conn:
            return {link.code: link.name for link in service.links(conn, meeting)}
    except MeetingError:
        return {}
    finally:
        db.close()
