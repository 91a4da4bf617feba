"""Answers to invitations that came by mail: read from a folder of letters or a Maildir, kept with the invitee, put away.

What is no answer is put aside with a file beside it that says why; nothing is thrown away and nothing in a letter stops the
reading.  A letter read twice is the same answer, so several may read one folder.  Fetches no mail itself.  Called by the `mail`
command, and every minute by whoever does what is due, where a folder is set (`chore`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

from meetings.errors import Invalid, MeetingError
from scheduler import calendar_mail, invitees, series_invitations
from scheduler.calendar_mail import Answer
from web.container import Container
from web.errors import explain

log = logging.getLogger(__name__)
MOST_AT_ONCE = 500  # letters in one minute
MOST_LETTER = 256 * 1024  # bytes; calendars answer in a few thousand
CALENDARS = ("text/calendar", "application/ics")
_MOST_PARTS = 50


@dataclass(slots=True)
class Tally:
    """How many letters were answers, and how many were put aside."""

    read: int = 0
    refused: int = 0


def chore(found: Container, folder: Path) -> None:
    """What has come since the last time, a few letters at most: the rest is read in a minute."""
    try:
        tally = read_folder(found, folder, MOST_AT_ONCE)
    except (MeetingError, OSError) as error:
        log.warning("answers.unread folder=%s: %s", folder, error)
        return
    if tally.read or tally.refused:
        log.info("answers.read read=%d refused=%d", tally.read, tally.refused)


def read_folder(found: Container, folder: Path, most: int | None = None) -> Tally:
    """Every letter of `folder` (`*.eml`), or of its `new/` where it is a Maildir; `most` of them.

    An answer goes to `read/` (a Maildir's `cur/`), anything else to `refused/` with its reason in a `.txt`.  What somebody else has
    put away meanwhile is theirs.
    """
    maildir = (folder / "new").is_dir()
    tally = Tally()
    for path in _letters(folder / "new" if maildir else folder, maildir):
        if most is not None and tally.read + tally.refused >= most:
            break
        try:
            _read(found, path, folder, maildir, tally)
        except FileNotFoundError:
            continue
        except PermissionError as error:
            log.warning("answers.unread letter=%s: %s", path, error)
    return tally


def _read(found: Container, path: Path, folder: Path, maildir: bool, tally: Tally) -> None:
    try:
        keep(found, _bytes(path))
    except MeetingError as error:
        place = _put(path, folder / "refused", path.name)
        place.with_name(f"{place.name}.txt").write_text(f"{error.code}\n{explain(error)}\n", encoding="utf-8")
        tally.refused += 1
    else:
        _put(path, folder / ("cur" if maildir else "read"), f"{path.name}:2,S" if maildir else path.name)
        tally.read += 1


def keep(found: Container, letter: bytes) -> None:
    """Stores what the letter answers.  Raises Invalid, NotFound or Stale ("reply.…")."""
    answers, sender = parse(letter)
    if sender.casefold() != answers[0].address.casefold():
        raise Invalid("reply.sender", address=answers[0].address)  # anybody can write a calendar; few can send as somebody else
    now = found.clock.now()
    with found.db.write() as conn:
        for said in answers:
            if not series_invitations.answer(conn, said, now):
                who = invitees.by_address(conn, said.event_id, said.address)
                invitees.answer(conn, who, said.partstat, said.sequence, said.stamped, said.comment, now)


def parse(letter: bytes) -> tuple[list[Answer], str]:
    """(what is answered, who sent it).  Raises Invalid("reply.…")."""
    if len(letter) > MOST_LETTER:
        raise Invalid("reply.too_large", limit=MOST_LETTER // 1024)
    try:
        message = message_from_bytes(letter, policy=policy.default)
        sender = parseaddr(str(message.get("From", "")))[1]
        calendar = _calendar(message)  # type: ignore[arg-type]
    except Exception as error:  # the library stumbles over broken headers in more ways than it documents
        raise Invalid("reply.unreadable") from error
    if calendar is None:
        raise Invalid("reply.not_answer")
    return calendar_mail.answers(calendar), sender


def _calendar(message: EmailMessage) -> bytes | None:
    for number, part in enumerate(message.walk()):
        if number >= _MOST_PARTS:
            return None
        if part.get_content_type() in CALENDARS and not part.is_multipart():
            payload = part.get_payload(decode=True)
            return payload if isinstance(payload, bytes) else None
    return None


def _letters(folder: Path, maildir: bool) -> Iterator[Path]:
    if not folder.is_dir():
        raise Invalid("reply.folder", folder=str(folder))
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".") and (maildir or path.suffix.lower() == ".eml"):
            yield path


def _bytes(path: Path) -> bytes:
    """No more than shows that it is too much."""
    with path.open("rb") as file:
        return file.read(MOST_LETTER + 1)


def _put(path: Path, folder: Path, name: str) -> Path:
    """Moves it, over nothing that is there."""
    folder.mkdir(exist_ok=True)
    place, number = folder / name, 1
    while place.exists():
        place, number = folder / f"{number}-{name}", number + 1
    os.replace(path, place)
    return place
