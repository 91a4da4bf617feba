"""What publishing and receiving synthetic peers have in common: how a session begins, reports and ends.

Never knows what a packet means. Called by media/peers_publisher.py and media/peers_subscriber.py; made by `Crowd`.
"""
from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import ClassVar

from media import wire
from media.errors import BadSdp
from media.peers_link import Link
from media.peers_sdp import Answer, Section, make_answer, make_offer, read_answer
from media.peers_wheel import Wheel

Exchange = Callable[[str], Awaitable[tuple[str, str]]]    # offer -> (answer, location of the session)
HangUp = Callable[[str], Awaitable[None]]                 # location -> None
Invitation = Callable[[Callable[[str], str]], Awaitable[str]]    # (offer -> answer) -> location: the server offers

CONNECT_TIME = 20.0          # seconds for exchange, ICE and DTLS together
REPORT_INTERVAL = 1.0        # seconds between two RTCP reports of one peer


class Shared:
    """What all peers of one process share: a certificate and one timer. Make it inside the running event loop."""

    def __init__(self) -> None:
        self.wheel = Wheel()
        self.certificate = wire.SharedCertificate.fresh()


class Peer:
    """One session. `connect` once; afterwards `ended` is set as soon as the session is over, whoever ended it."""

    kind_of_session: ClassVar[str]

    def __init__(self, crowd: Shared, name: str, sections: list[Section]) -> None:
        self.name = name
        self.setup = "actpass"                     # what our offer says of the DTLS roles; we are the client anyway
        self.feedback: tuple[str, ...] = ()        # beside NACK and key frames, where the server offers
        self.ended = asyncio.Event()
        self.reason = ""                           # why it ended: closed, consent, or failed
        self.location = ""
        self.join_seconds: float | None = None     # from the offer to the end of the DTLS handshake
        self._wheel = crowd.wheel
        self._ssrc = random.randrange(1, 1 << 32)  # ours in RTCP
        self._sections = sections
        self._link = Link(crowd.wheel, crowd.certificate, self._on_rtp, self._on_rtcp, self._on_lost)
        self._certificate = crowd.certificate
        self._hang_up: HangUp | None = None

    async def connect(self, exchange: Exchange, hang_up: HangUp | None = None) -> None:
        """Offer, answer, ICE, DTLS. `hang_up` is kept for `close`. Raises: BadSdp, HandshakeFailed, TimeoutError,
        OSError and whatever `exchange` raises; the peer is closed then."""
        offer = make_offer(self._link.ufrag, self._link.password, self._certificate.fingerprints, self._sections,
                           f"p{self._ssrc:08x}", self.setup)

        async def agreed() -> Answer:
            text, self.location = await exchange(offer)
            self._hang_up = hang_up
            return read_answer(text)

        await self._establish(agreed())

    async def accept(self, invitation: Invitation, hang_up: HangUp | None = None) -> None:
        """The same with a server that makes the offer; its sections become ours. Raises: as `connect`."""
        said: list[Answer] = []

        def answer(offer: str) -> str:
            said.append(read_answer(offer))
            self._sections = [Section(each.mid, "audio" if each.kind == "audio" else "video") for each in said[0].sections]
            return make_answer(offer, self._link.ufrag, self._link.password, self._certificate.fingerprints, self.feedback)

        async def agreed() -> Answer:
            self.location = await invitation(answer)
            self._hang_up = hang_up
            return said[0]

        await self._establish(agreed())

    async def _establish(self, agreed: Coroutine[None, None, Answer]) -> None:
        began = self._wheel.now
        try:
            async with asyncio.timeout(CONNECT_TIME):
                answer = await agreed
                self._agree(answer)
                await self._link.establish(answer)
        except BaseException:
            with contextlib.suppress(Exception):       # the first trouble is the one to tell
                await self.close("failed")
            raise
        self.join_seconds = self._wheel.now - began
        self._wheel.at(self._wheel.now + random.uniform(0, REPORT_INTERVAL), self._report)
        self._start()

    async def close(self, reason: str = "closed") -> None:
        """End the session: DELETE by `hang_up`, then DTLS and socket. Idempotent."""
        hang_up, self._hang_up = self._hang_up, None
        self._link.close()
        self._on_lost(reason)
        if hang_up is not None:
            await hang_up(self.location)

    def lose(self, reason: str) -> None:
        """Somebody else found out that the server has forgotten this session: it ends without a word to anybody."""
        self._hang_up = None
        self._link.close()
        self._on_lost(reason)

    def _on_lost(self, reason: str) -> None:
        if not self.ended.is_set():
            self.reason = reason
            self.ended.set()

    def _report(self, now: float) -> None:
        if not self.ended.is_set():
            self._send_report(now)
            self._wheel.at(now + REPORT_INTERVAL * random.uniform(0.9, 1.1), self._report)

    def _agree(self, answer: Answer) -> None:
        """Check and take over what the answer says of our sections. Raises: BadSdp."""
        if [section.mid for section in answer.sections] != [section.mid for section in self._sections]:
            raise BadSdp("answer.sections")

    def _start(self) -> None: ...

    def _on_rtp(self, packet: bytes, now: float) -> None: ...

    def _on_rtcp(self, packet: bytes, now: float) -> None: ...

    def _send_report(self, now: float) -> None: ...
