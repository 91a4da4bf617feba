"""What the relay carries on this machine: `capacity.json` of the data directory, as `bench capacity` wrote it.

A file that is absent or cannot be used counts as not measured.  Called by `app.py`, whenever a worker starts; and told to the
scheduler, for which the media server is a resource like a room.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from media.admission import Capacity
from scheduler import capacity_store
from scheduler.capacity import PER_PICTURE, PER_SOUND, Limit
from web.container import Container
from web.i18n import _, grouped
from web.workers import cores

log = logging.getLogger("web.media")

FILE = "capacity.json"


def read(data: Path) -> Capacity:
    """Never raises."""
    try:
        return Capacity.read(json.loads((data / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Capacity()
    except (OSError, ValueError) as error:
        log.warning("%s: %s", FILE, error)
        return Capacity()


def limit(data: Path, workers: int, machine: int) -> Limit:
    """All workers together.  Assumed, a worker stands for its core and all of them for the one beside them, which pages and
    kernel use, as far as the machine has so many."""
    one = read(data)
    return Limit(int(one.packets_per_s * workers), True) if one.measured else Limit.assumed(min(machine, workers + 1))


def tell(found: Container, now: datetime) -> None:
    """Tells the scheduler what this installation carries; once, until it is measured anew."""
    wanted = limit(found.settings.data, found.settings.media_workers or cores(), len(os.sched_getaffinity(0)))
    with found.db.read() as conn:
        known = capacity_store.knows(conn, wanted.packets_per_s, wanted.measured)
    if not known:
        with found.db.write() as conn:
            capacity_store.tell(conn, wanted.packets_per_s, wanted.measured, now)


def sentence(params: Mapping[str, Any]) -> str:
    """The arithmetic of a booking, as of `Reckoning.as_params`."""
    shown = {name: number(params[name]) for name in ("points", "sounds", "pictures", "wanted", "others", "limit")}
    said = _("{points} điểm × ({per_sound} × {sounds} tiếng + {per_picture} × {pictures} hình) = {wanted} gói/giây; cùng giờ đã có {others}; "
             "máy chủ chịu được {limit}", per_sound=PER_SOUND, per_picture=PER_PICTURE, **shown)
    if params["declared"]:
        return said + _(" (quản trị khai)")
    return said + (_(" (đo trên máy này)") if params["measured"] else _(" (chưa đo, ước tính)"))


def refusal(params: Mapping[str, Any]) -> str:
    """The arithmetic that was refused, and what can be done."""
    said = [
        _("Máy chủ không đủ sức cho cuộc họp này: {sum}.", sum=sentence(params)),
        _("Vào giờ này còn chỗ cho {n} điểm cầu; hãy bớt điểm hoặc chọn giờ khác.", n=number(params["room"])),
    ]
    if not (params["measured"] or params["declared"]):
        said.append(_("Máy này chưa đo: quản trị chạy python3 -m web bench capacity để biết sức thật."))
    return " ".join(said)


def number(n: int) -> str:
    """53.058, 53,058"""
    return grouped(n)
