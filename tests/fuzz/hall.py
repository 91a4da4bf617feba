"""A whole media server without sockets and without handshakes: members with real keys, a clock that obeys, every datagram kept.

Members are hostile as a member can be: what they send is authentic, whatever it says.  ``check`` holds the invariants: no
byte of one room in another (I8), a silenced stream reaches nobody (I8), no defect is hit (I11), memory stays bounded (I12).
Holds no tests.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

from media import rtp, wire
from media.fanout import Target
from media.limits import MAX_ADDRESSES, MAX_SSRCS
from media.port import Path, open_sockets
from media.sdp import Encoding, Extensions, Slot, Track
from media.sfu import Sfu
from tests.media.test_sdp import offer

TAG = 16  # bytes SRTP adds, of SRTCP four more
SILENT = b"/silenced/"
UP = Extensions(mid=4, rid=5, rrid=6, level=1, transport_wide=3, capture=7)
DOWN = Extensions(level=1, abs_send=2, transport_wide=3, capture=7)
SIMULCAST = tuple(Encoding(rid, None, None) for rid in "lmh")
ONE = (Encoding("", None, None),)
LENGTHS = {1: (1,), 2: (3,), 3: (2,), 5: (2,), 7: (8, 16)}  # bytes of the header extensions receivers get, by number
FEEDBACK = frozenset(("transport-cc", "goog-remb", "nack", "nack pli", "ccm fir"))
PICTURES = {  # what a publisher may send
    "plain": Track("1", "video", "VP8", 96, 90000, ONE, extensions=UP, feedback=FEEDBACK),
    "simulcast": Track("1", "video", "VP8", 96, 90000, SIMULCAST, rtx=97, extensions=UP, feedback=FEEDBACK),
    "layers": Track("1", "video", "VP9", 98, 90000, ONE, rtx=99, extensions=UP, feedback=FEEDBACK),
    "h264": Track("1", "video", "H264/CB", 102, 90000, (Encoding("", 7001, 7002),), rtx=103, extensions=UP),
}
SOUNDS = {
    "plain": Track("0", "audio", "OPUS", 111, 48000, ONE, extensions=UP),
    "red": Track("0", "audio", "OPUS", 111, 48000, ONE, red=63, extensions=UP),
}
FORMATS = {"audio": {"OPUS": 111, "RED": 63}, "video": {"VP8": 96, "VP9": 98, "H264/CB": 102}}
REPAIRS = {"VP8": 97, "VP9": 99, "H264/CB": 103}


class Ear:
    """Stands for the server's socket: keeps what leaves by address.  Serves receivers one by one."""

    batch = False

    def __init__(self) -> None:
        self.sent: dict[tuple[str, int], list[bytes]] = {}

    def sendto(self, datagram: bytes, address: Any, /) -> int:
        self.sent.setdefault(address, []).append(datagram)
        return len(datagram)

    def fileno(self) -> int:
        return -1


class _Trouble(logging.Handler):
    """Keeps what the fire wall caught."""

    last: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.exc_info[1] if record.exc_info else None


class Keys(wire.Srtp):
    """Believes whatever comes to be authentic; what goes out is really encrypted."""

    def unprotect_rtp(self, packet: bytes) -> bytes:
        return packet[:-TAG]

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        return packet[: -TAG - 4]


@dataclass
class Member:
    """One session, with the other end of its keys."""

    session: str
    room: str
    name: str
    role: str
    path: Path
    other: wire.Srtp
    ufrag: str
    pwd: str
    form: int = 0
    ssrcs: list[int] = field(default_factory=list)
    read: int = 0
    numbers: dict[tuple[int, int], bytes] = field(default_factory=dict)  # what it received by SSRC and number
    sent: dict[int, int] = field(default_factory=dict)  # its newest number by SSRC


def _slots(number: int, form: int) -> list[Slot]:
    """One to three sounds and pictures, with or without header extensions and repairs of their own."""
    slots, extensions = [], (DOWN, Extensions(), Extensions(transport_wide=5))[form % 3]
    for place in range(1 + form // 3 % 3):
        for kind, formats in FORMATS.items():
            ssrc = number << 8 | place << 2 | (kind == "video") << 1
            repairs = REPAIRS if kind == "video" and form & 1 else {}
            slots.append(Slot(f"{kind}{place}", kind, ssrc, formats, f"slot{place}", ssrc + 1 if repairs else 0, repairs, extensions))
    return slots


class Hall:
    """Two rooms, as many members as a story wants."""

    def __init__(self) -> None:
        """Must be created inside a running event loop."""
        self.now, self.events = 1000.0, []
        self.sfu = Sfu(open_sockets(0, ["127.0.0.1"]), ["127.0.0.1"], self.events.append, clock=lambda: self.now, batched=False)
        self.ear, self.members, self._number = Ear(), {}, 0
        self.silenced: dict[str, tuple[list[str] | None, list[str]]] = {}  # by room: who is heard, who is quiet
        self._trouble = _Trouble()
        logging.getLogger("media").addHandler(self._trouble)

    def join(self, room: str, name: str, role: str, form: int = 0, connected: bool = True) -> Member:
        """A new session whose handshake is behind it, if ``connected``; ``form`` chooses what it sends or takes."""
        self._number += 1
        session = f"{role}-{room}-{name}-{self._number}"
        parsed, local = self.sfu._prepare(room, session, name, offer("sendonly" if role == "publish" else "recvonly"))
        entry = self.sfu._room(room)
        slots = _slots(self._number, form) if role == "subscribe" else []
        if role == "publish":
            tracks = [list(SOUNDS.values())[form % 2], list(PICTURES.values())[form // 2 % 4]]
            inside = entry.add_publisher(session, name, tracks, True)
        else:
            inside = entry.add_subscriber(session, name, slots, None)
        self.sfu._add_peer(inside, entry, parsed, local)
        path = Path(self.ear, ("192.0.2.1", 1024 + self._number % 60000))
        mine, other = wire.srtp_pair(self._number.to_bytes(28, "big"))
        member = Member(session, room, name, role, path, other, local.ufrag, local.pwd, form)
        member.ssrcs = [ssrc for slot in slots for ssrc in (slot.ssrc, slot.rtx_ssrc) if ssrc]
        self.members[session] = member
        self.check_in(member, path)
        if connected:
            peer = self.sfu.peers[session]
            keys = Keys(mine._rx, mine._tx)
            peer._srtp, peer.target = keys, Target(keys, path)
            self.sfu._connected(peer)
        return member

    def check_in(self, member: Member, path: Path) -> None:
        """An authentic ICE check over ``path``."""
        self.sfu.mux.handle(wire.binding_request("fuzz", member.ufrag, member.pwd)[1], path, self.now)

    def deliver(self, path: Path, datagram: bytes) -> None:
        """One datagram arrives."""
        self.sfu.mux.handle(datagram, path, self.now)
        for relay in self.sfu.mux._touched:  # as when all that was there has been read
            relay.flush()
        self.sfu.mux._touched.clear()
        self.sfu.fanout.flush()

    def send_rtp(self, member: Member, packet: bytes) -> None:
        """One authentic RTP packet of a member."""
        self.deliver(member.path, packet + bytes(TAG))

    def send_rtcp(self, member: Member, packet: bytes) -> None:
        """One authentic RTCP packet of a member."""
        self.deliver(member.path, packet + bytes(TAG + 4))

    def tick(self, passed: float) -> None:
        """Time passes, all at once."""
        self.now += passed
        self.sfu.tick(self.now)

    def silence(self, room: str, heard: list[str] | None, stage: list[str], quiet: list[str] | None = None) -> None:
        """The room's policy; from now on those not heard say so in their payloads (``says``)."""
        self.sfu.policy(room, heard, stage, None, quiet or [], stage[:1])
        self.silenced[room] = heard, quiet or []

    def says(self, member: Member, audio: bool) -> bytes:
        """What marks a payload of this member just now."""
        heard, quiet = self.silenced.get(member.room, (None, []))
        names = {member.name, member.name.split("#")[0]}  # what holds for a point holds for all it publishes
        silent = audio and (bool(names & set(quiet)) or (heard is not None and not names & set(heard)))
        return f"/{member.room}/".encode() + SILENT * silent

    def close(self, session: str) -> None:
        """Ends one session."""
        self.sfu.close(session)
        self.members.pop(session, None)

    def check(self) -> None:
        """The invariants; forgets what was sent."""
        self.sfu.fanout.flush()
        if self.sfu.counters.faults:
            self.sfu.counters.faults, self.sfu.mux._logged_at = 0, -1e9
            raise AssertionError("the fire wall caught something") from self._trouble.last
        for member in list(self.members.values()):
            for datagram in self.ear.sent.pop(member.path.address, []):
                self._heard(member, datagram)
            peer = self.sfu.peers.get(member.session)
            if peer is None:
                del self.members[member.session]
                continue
            bound = peer._bindings
            assert len(bound._media) + len(bound._repairs) + len(bound._unknown) <= MAX_SSRCS
        assert len(self.sfu.mux._guard) <= MAX_ADDRESSES * max(1, len(self.sfu.peers))
        self.ear.sent.clear()

    def _heard(self, member: Member, datagram: bytes) -> None:
        if datagram[0] < 128:
            return
        if 191 < datagram[1] < 224:
            member.other.unprotect_rtcp(datagram)
            return
        index = int.from_bytes(datagram[8:12], "big"), int.from_bytes(datagram[2:4], "big")
        if index in member.numbers:
            assert member.numbers[index] == datagram, "one number for two packets: a nonce used twice"
            return
        member.numbers[index] = datagram
        view = rtp.RtpView(member.other.unprotect_rtp(datagram))
        member.read += 1
        assert view.ssrc in member.ssrcs
        for room in ("one", "two"):
            assert room == member.room or f"/{room}/".encode() not in view.payload, "a byte of one room in another"
        assert SILENT not in view.payload, "a silenced stream is forwarded"
        told = {ident: len(value) for ident in range(1, 15) if (value := view.extension(ident)) is not None}
        assert all(size in LENGTHS.get(ident, ()) for ident, size in told.items()), f"an extension that is none of ours: {told}"

    async def empty(self) -> None:
        """Everybody leaves: nothing of them stays behind."""
        for session in list(self.sfu.peers):
            self.close(session)
        for room in ("one", "two"):
            self.sfu.close_room(room)
        self.members.clear()
        self.silenced.clear()
        self.events.clear()
        self.sfu.fanout._stamps.clear()  # the last packets of the whole worker, whoever sent them
        await asyncio.sleep(0)
        sfu = self.sfu
        assert not sfu.rooms and not sfu.peers and not sfu._policies and not sfu.mux._peers and len(sfu.mux._guard) == 0
