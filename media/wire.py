"""The only file that touches aiortc, aioice, pylibsrtp and their private names.

Gives DTLS-SRTP in both roles over plain "send this datagram" callables (``DtlsSession``), one certificate and one SSL
context for all peers (``SharedCertificate``), SRTP without copies beyond need (``Srtp``) and the STUN messages of ICE
(RFC 8489).  It never opens a socket, never decodes media and never routes.  Used by ``media/peer.py``, ``media/mux.py``,
``media/fanout.py``, ``media/trunk.py``, ``media/sfu.py``, ``media/worker.py`` and, in the client role, by ``media/peers_link.py``.

The versions are pinned in pyproject.toml; ``check_private_names()`` runs at import and fails loudly when a release moved
something, ``prove()`` runs a whole handshake in memory when a worker starts.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import pylibsrtp
from aioice import stun
from aiortc import RTCCertificate
from aiortc import rtcdtlstransport as dtls
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from OpenSSL import SSL
from pylibsrtp._binding import ffi as srtp_ffi
from pylibsrtp._binding import lib as srtp_lib

from media.errors import BadPacket, HandshakeFailed
from media.limits import DTLS_QUEUE

Role = Literal["client", "server"]
Fingerprint = tuple[str, str]  # (algorithm, "AA:BB:…")
Address = tuple[str, int]

# ECDHE and AEAD only (ASVS 5.0 V17.2.2).  The DTLS server picks the SRTP profile, first match of this order; the last one is
# for programs that know nothing else, as RFC 8827 section 6.5 demands: GStreamer, and OBS where it is built with Mbed TLS.
_CIPHERS: Final = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384"
_PROFILES: Final = [dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_SHA1_80]
TAG_BYTES: Final = 16  # both AEAD profiles add exactly this much to an RTP packet (RFC 7714) ...
_SHORT_TAG: Final = 10  # ... and the other one this (RFC 5764 section 4.1.2)
MAX_SRTP: Final = 2048
HEARD_WINDOW: Final = 1024  # packets: an older one that comes late is taken for a replay
SENT_WINDOW: Final = 256    # an older one is not sent again on its own SSRC; each packet sent shifts the whole window

srtp_protect = srtp_lib.srtp_protect  # (srtp_t, void *, int *) -> 0 when well; for media/fanout.py
_scratch = srtp_ffi.new("char[]", MAX_SRTP)
_scratch_view = srtp_ffi.buffer(_scratch)
_length = srtp_ffi.new("int *")
_AUTH_FAIL, _REPLAY_FAIL, _REPLAY_OLD = 7, 9, 10  # srtp_err_status_t


class SharedCertificate(RTCCertificate):
    """One ECDSA P-256 certificate with one SSL context for every session of a process; lives in memory only."""

    _context: SSL.Context | None = None

    @classmethod
    def fresh(cls) -> SharedCertificate:
        """A new key and certificate."""
        return cls.generateCertificate()

    @property
    def fingerprints(self) -> list[Fingerprint]:
        """(algorithm, value) for every supported hash, SHA-256 first."""
        return [(item.algorithm, item.value) for item in self.getFingerprints()]

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> SSL.Context:
        # A context costs 0.2-0.4 ms; sharing it halves the price of a join.
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            self._context.set_cipher_list(_CIPHERS)
        return self._context


class Srtp:
    """One direction-pair of SRTP contexts, called through the handles pylibsrtp already holds.

    ``tag`` is how much longer an RTP packet leaves.  Not thread safe, by design: one process, one thread, one scratch buffer.
    """

    __slots__ = ("_rx", "_tx", "rx_handle", "tx_handle", "tag")

    def __init__(self, rx: pylibsrtp.Session, tx: pylibsrtp.Session, tag: int = TAG_BYTES) -> None:
        self._rx, self._tx, self.tag = rx, tx, tag  # keep the C objects alive
        self.rx_handle, self.tx_handle = rx._srtp[0], tx._srtp[0]

    def protect_rtp(self, packet: bytes) -> bytes:
        """SRTP packet for a plain RTP one.  Raises: BadPacket."""
        return _run(srtp_lib.srtp_protect, self.tx_handle, packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        """SRTCP packet for a plain compound RTCP one.  Raises: BadPacket."""
        return _run(srtp_lib.srtp_protect_rtcp, self.tx_handle, packet)

    def unprotect_rtp(self, packet: bytes) -> bytes:
        """Plain RTP packet.  Raises: BadPacket with code ``srtp.auth``, ``srtp.replay`` or ``srtp.bad``."""
        return _run(srtp_lib.srtp_unprotect, self.rx_handle, packet)

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        """Plain compound RTCP packet.  Raises: BadPacket as ``unprotect_rtp``."""
        return _run(srtp_lib.srtp_unprotect_rtcp, self.rx_handle, packet)


def _run(call: Callable[..., int], handle: Any, packet: bytes) -> bytes:
    size = len(packet)
    if size < 8 or size > MAX_SRTP - 64:
        raise BadPacket("srtp.bad")
    _scratch_view[0:size] = packet
    _length[0] = size
    status = call(handle, _scratch, _length)
    if status:
        if status == _AUTH_FAIL:
            raise BadPacket("srtp.auth")
        raise BadPacket("srtp.replay" if status in (_REPLAY_FAIL, _REPLAY_OLD) else "srtp.bad")
    made: bytes = _scratch_view[0 : _length[0]]
    return made


def keyed_srtp(rx: bytes, tx: bytes) -> Srtp:
    """AEAD_AES_128_GCM under keys agreed elsewhere: each 16 octets of key and 12 of salt (RFC 7714)."""
    profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    return Srtp(_session(rx, pylibsrtp.Policy.SSRC_ANY_INBOUND, profile),
                _session(tx, pylibsrtp.Policy.SSRC_ANY_OUTBOUND, profile))


def _session(key: bytes, kind: int, profile: int) -> pylibsrtp.Session:
    policy = pylibsrtp.Policy(key=key, ssrc_type=kind, srtp_profile=profile)
    policy.allow_repeat_tx = True  # a packet sent again is the same packet
    policy.window_size = SENT_WINDOW if kind == pylibsrtp.Policy.SSRC_ANY_OUTBOUND else HEARD_WINDOW
    return pylibsrtp.Session(policy)


def _nowhere(_datagram: bytes) -> None:
    """Where a closed session sends to."""


class _Port:
    """What RTCDtlsTransport wants of an ICE transport: ``role``, ``_recv`` and ``_send``."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._sink = send
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(DTLS_QUEUE)

    def feed(self, datagram: bytes | None) -> bool:
        try:
            self._queue.put_nowait(datagram)
        except asyncio.QueueFull:
            return False
        return True

    async def _recv(self) -> bytes:
        datagram = await self._queue.get()
        if datagram is None:
            raise ConnectionError
        return datagram

    async def _send(self, datagram: bytes) -> None:
        self._sink(datagram)


class DtlsSession(RTCDtlsTransport):
    """DTLS 1.2 with SRTP keys over callables; the owner keeps the socket.

    ``send(datagram)`` is called with outgoing DTLS datagrams.  The owner calls ``feed()`` with incoming ones (first byte
    20-63) and never with anything else.  ``srtp`` is None until ``handshake()`` returned.  ``on_closed()`` is called at
    most once, when the other side ended the session by a DTLS alert.
    """

    def __init__(
        self,
        certificate: SharedCertificate,
        role: Role,
        send: Callable[[bytes], object],
        on_closed: Callable[[], None] | None = None,
    ) -> None:
        self._port = _Port(send)
        super().__init__(self._port, [certificate])  # type: ignore[arg-type]
        self._srtp_profiles = _PROFILES
        self._set_role(role)
        self._on_closed = on_closed
        self.srtp: Srtp | None = None

    @property
    def profile(self) -> str:
        """Name of the negotiated SRTP profile, for example ``SRTP_AEAD_AES_128_GCM``."""
        return self._ssl.get_selected_srtp_profile().decode() if self._ssl else ""

    def feed(self, datagram: bytes) -> bool:
        """Takes one incoming, non-empty DTLS datagram; False when it was dropped because the queue is full."""
        return bool(datagram) and self._port.feed(datagram)

    async def handshake(self, fingerprints: Sequence[Fingerprint]) -> Srtp:
        """Runs the handshake; every offered fingerprint of a supported hash must match (RFC 8122 section 5).

        Raises: HandshakeFailed.  The caller sets the deadline (``asyncio.timeout``).
        """
        if not fingerprints:
            raise HandshakeFailed("dtls.fingerprint")
        wanted = RTCDtlsParameters([RTCDtlsFingerprint(algorithm, value) for algorithm, value in fingerprints])
        try:
            await self.start(wanted)
        except (SSL.Error, ValueError, TypeError, AttributeError, pylibsrtp.Error) as error:
            raise HandshakeFailed("dtls.handshake") from error
        if self._state is not dtls.State.CONNECTED:
            raise HandshakeFailed("dtls.handshake")
        aead = self.profile != dtls.SRTP_AES128_CM_SHA1_80.openssl_profile.decode()
        self.srtp = Srtp(self._rx_srtp, self._tx_srtp, TAG_BYTES if aead else _SHORT_TAG)
        return self.srtp

    def close(self) -> None:
        """Says goodbye to the other side (close_notify) and ends the session.  Idempotent; never waits."""
        self._on_closed = None
        self.srtp = None
        if self._ssl is not None and self._state in (dtls.State.CONNECTING, dtls.State.CONNECTED):
            try:
                self._ssl.shutdown()
                self._port._sink(self._ssl.bio_read(MAX_SRTP))
            except SSL.Error:
                pass  # nothing to say: the handshake had not come far enough
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._port.feed(None)
        self._port._sink = _nowhere  # its owner holds us: memory of who left is free at once, not when the collector comes

    def _setup_srtp(self) -> None:
        """As the library does it, but what we send is kept track of in less memory (see SENT_WINDOW)."""
        super()._setup_srtp()
        if self._state is dtls.State.FAILED or self._ssl is None:
            return
        chosen = self._ssl.get_selected_srtp_profile()
        profile = next(one for one in self._srtp_profiles if one.openssl_profile == chosen)
        keys = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length))
        key = profile.get_key_and_salt(keys, 1 if self._role == "server" else 0)
        self._tx_srtp = _session(key, pylibsrtp.Policy.SSRC_ANY_OUTBOUND, profile.libsrtp_profile)

    def _set_state(self, state: dtls.State) -> None:
        self._state = state
        if state is dtls.State.CLOSED and self._on_closed is not None:
            told, self._on_closed = self._on_closed, None
            told()


# -- STUN (RFC 8489) as ICE uses it -------------------------------------------------------------------------------------


def read_stun(datagram: bytes) -> stun.Message:
    """The parsed message, not yet authenticated.  Raises: BadPacket for anything that is not a STUN message."""
    try:
        return stun.parse_message(datagram)
    except Exception as error:  # aioice lets struct.error, KeyError and UnicodeDecodeError escape
        raise BadPacket("stun.bad") from error


def is_request(message: stun.Message) -> bool:
    """Whether this is a Binding request."""
    return message.message_method == stun.Method.BINDING and message.message_class == stun.Class.REQUEST


def is_response(message: stun.Message) -> bool:
    """Whether this is a Binding success response."""
    return message.message_method == stun.Method.BINDING and message.message_class == stun.Class.RESPONSE


def is_authentic(message: stun.Message, password: str) -> bool:
    """Whether MESSAGE-INTEGRITY holds under the short-term credential ``password``."""
    return message.check_message_integrity(password.encode())


def username(message: stun.Message) -> tuple[str, str]:
    """(ufrag of the receiver, ufrag of the sender); empty strings where the request has none."""
    left, _, right = str(message.attributes.get("USERNAME", "")).partition(":")
    return left, right


def nominates(message: stun.Message) -> bool:
    """Whether the request carries USE-CANDIDATE."""
    return "USE-CANDIDATE" in message.attributes


def wants_to_be_controlled(message: stun.Message) -> bool:
    """Whether the sender believes to be the controlled agent; a lite server never controls (RFC 8445 section 7.3.1.1)."""
    return "ICE-CONTROLLED" in message.attributes


def binding_request(
    local_ufrag: str, remote_ufrag: str, remote_password: str, *, nominate: bool = True
) -> tuple[bytes, bytes]:
    """(transaction id, datagram) of an ICE connectivity or consent check by the controlling side."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{remote_ufrag}:{local_ufrag}"
    message.attributes["PRIORITY"] = 0x6E001EFF
    message.attributes["ICE-CONTROLLING"] = 1  # breaks ties between two who control; a lite server never does
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(remote_password.encode())
    return message.transaction_id, bytes(message)


def binding_response(request: stun.Message, source: Address, password: str) -> bytes:
    """The success response to an authentic request that came from ``source``."""
    answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
    answer.attributes["XOR-MAPPED-ADDRESS"] = source
    answer.add_message_integrity(password.encode())
    return bytes(answer)


def role_conflict(request: stun.Message, password: str) -> bytes:
    """Error 487: we are the lite, controlled side and stay so."""
    answer = stun.Message(stun.Method.BINDING, stun.Class.ERROR, request.transaction_id)
    answer.attributes["ERROR-CODE"] = (487, "Role Conflict")
    answer.add_message_integrity(password.encode())
    return bytes(answer)


# -- self-tests ---------------------------------------------------------------------------------------------------------


def srtp_pair(key: bytes) -> tuple[Srtp, Srtp]:
    """Two ends that understand each other, from one 28-byte AES-128-GCM key and salt; for tests and benches."""
    profile = _PROFILES[0].libsrtp_profile
    heard, sent = pylibsrtp.Policy.SSRC_ANY_INBOUND, pylibsrtp.Policy.SSRC_ANY_OUTBOUND
    ends = [_session(key, kind, profile) for kind in (heard, sent, heard, sent)]
    return Srtp(ends[0], ends[1]), Srtp(ends[2], ends[3])


def check_private_names() -> None:
    """Proves in under a millisecond that the private names still mean what this file takes them for."""
    for owner, name in (
        (RTCDtlsTransport, "_set_state"), (RTCDtlsTransport, "_set_role"), (RTCDtlsTransport, "_setup_srtp"),
        (RTCDtlsTransport, "_write_ssl"), (RTCCertificate, "_create_ssl_context"), (srtp_lib, "srtp_protect"),
    ):
        if not hasattr(owner, name):
            raise ImportError(f"media/wire.py does not fit this release: {owner!r} has no {name}")
    packet = bytes([0x80, 96]) + bytes(range(60))
    here, there = srtp_pair(bytes(28))
    sealed = here.protect_rtp(packet)
    if len(sealed) != len(packet) + TAG_BYTES or there.unprotect_rtp(sealed) != packet:
        raise ImportError("media/wire.py does not fit this release: SRTP does not make the round trip")
    _, request = binding_request("left", "right", "password")
    if not hmac.compare_digest(username(read_stun(request))[0], "right") or not is_authentic(
        read_stun(request), "password"
    ):
        raise ImportError("media/wire.py does not fit this release: STUN does not make the round trip")


async def prove() -> str:
    """A whole handshake in memory and one packet each way; returns the SRTP profile.  Raises: HandshakeFailed."""
    certificate = SharedCertificate.fresh()
    ends: dict[str, DtlsSession] = {}
    ends["server"] = DtlsSession(certificate, "server", lambda data: ends["client"].feed(data))
    ends["client"] = DtlsSession(certificate, "client", lambda data: ends["server"].feed(data))
    async with asyncio.timeout(10):
        left, right = await asyncio.gather(*(end.handshake(certificate.fingerprints) for end in ends.values()))
    packet = bytes([0x80, 96]) + bytes(range(60))
    if right.unprotect_rtp(left.protect_rtp(packet)) != packet or left.unprotect_rtp(right.protect_rtp(packet)) != packet:
        raise HandshakeFailed("dtls.keys")
    profile = ends["server"].profile
    for end in ends.values():
        end.close()
    return profile


check_private_names()
