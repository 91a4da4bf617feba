"""DTLS-SRTP over callables: both roles, fingerprints, replay, broken input."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import rtp, stun, wire
from media.errors import BadPacket, HandshakeFailed


def pair(
    server_cert: wire.SharedCertificate, client_cert: wire.SharedCertificate
) -> tuple[wire.DtlsSession, wire.DtlsSession]:
    ends: dict[str, wire.DtlsSession] = {}
    ends["server"] = wire.DtlsSession(server_cert, "server", lambda data: ends["client"].feed(data) and None)
    ends["client"] = wire.DtlsSession(client_cert, "client", lambda data: ends["server"].feed(data) and None)
    return ends["server"], ends["client"]


async def test_a_handshake_in_memory_prefers_aes_128_gcm() -> None:
    assert await wire.prove() == "SRTP_AEAD_AES_128_GCM"


def test_the_private_names_are_where_we_take_them_for() -> None:
    wire.check_private_names()


async def test_a_client_with_only_aes_256_gcm_is_accepted() -> None:
    certificate = wire.SharedCertificate.fresh()
    server, client = pair(certificate, wire.SharedCertificate.fresh())
    client._srtp_profiles = [wire.dtls.SRTP_AEAD_AES_256_GCM]
    await asyncio.gather(
        server.handshake(_prints(client)), client.handshake(certificate.fingerprints)
    )
    assert server.profile == "SRTP_AEAD_AES_256_GCM"
    server.close(), client.close()


def _prints(session: wire.DtlsSession) -> list[tuple[str, str]]:
    return [(item.algorithm, item.value) for item in session.getLocalParameters().fingerprints]


@pytest.mark.parametrize("spoiled", [0, 1, 2])
async def test_every_offered_supported_fingerprint_must_match(spoiled: int) -> None:
    certificate, other = wire.SharedCertificate.fresh(), wire.SharedCertificate.fresh()
    server, client = pair(certificate, other)
    offered = other.fingerprints
    offered[spoiled] = (offered[spoiled][0], certificate.fingerprints[spoiled][1])
    results = await asyncio.gather(
        server.handshake(offered), client.handshake(certificate.fingerprints), return_exceptions=True
    )
    assert isinstance(results[0], HandshakeFailed)
    assert server.srtp is None, "no SRTP key may exist after a mismatch"
    server.close(), client.close()


async def test_an_unknown_hash_beside_a_good_one_is_passed_over_but_not_enough_alone() -> None:
    certificate = wire.SharedCertificate.fresh()
    server, client = pair(certificate, certificate)
    await asyncio.gather(
        server.handshake([*certificate.fingerprints[:1], ("sha-3", "AA")]), client.handshake(certificate.fingerprints)
    )
    assert server.srtp is not None
    server.close(), client.close()
    server, client = pair(certificate, certificate)
    results = await asyncio.gather(
        server.handshake([("sha-3", "AA")]), client.handshake(certificate.fingerprints), return_exceptions=True
    )
    assert isinstance(results[0], HandshakeFailed)
    server.close(), client.close()


async def test_the_other_side_hears_a_goodbye_once() -> None:
    certificate = wire.SharedCertificate.fresh()
    told = asyncio.Event()
    server, client = pair(certificate, certificate)
    server._on_closed = told.set
    await asyncio.gather(server.handshake(certificate.fingerprints), client.handshake(certificate.fingerprints))
    client.close()
    client.close()
    async with asyncio.timeout(5):
        await told.wait()
    server.close()


async def test_garbage_and_nothing_fed_to_an_established_session_do_no_harm() -> None:
    certificate = wire.SharedCertificate.fresh()
    server, client = pair(certificate, certificate)
    await asyncio.gather(server.handshake(certificate.fingerprints), client.handshake(certificate.fingerprints))
    assert server.feed(b"") is False
    for datagram in (b"\x16" * 13, bytes([22]) + bytes(1400), b"\x15\xfe\xfd" + bytes(20)):
        server.feed(datagram)
    await asyncio.sleep(0)
    packet = rtp.build(96, 1, 2, 3, b"still here")
    assert server.srtp is not None and client.srtp is not None
    assert server.srtp.unprotect_rtp(client.srtp.protect_rtp(packet)) == packet
    server.close(), client.close()


def test_a_replayed_packet_and_a_forged_one_are_told_apart() -> None:
    here, there = wire.srtp_pair(bytes(28))
    sealed = here.protect_rtp(rtp.build(96, 1, 2, 3, b"payload"))
    there.unprotect_rtp(sealed)
    with pytest.raises(BadPacket) as replay:
        there.unprotect_rtp(sealed)
    assert replay.value.code == "srtp.replay"
    with pytest.raises(BadPacket) as forged:
        there.unprotect_rtp(here.protect_rtp(rtp.build(96, 2, 2, 3, b"payload"))[:-1] + b"\x00")
    assert forged.value.code == "srtp.auth"


@pytest.mark.parametrize("data", [b"", b"\x80", bytes(7), bytes(5000), b"\x80" * 40])
def test_srtp_of_any_shape_is_a_bad_packet_and_nothing_else(data: bytes) -> None:
    here, _ = wire.srtp_pair(bytes(28))
    for call in (here.unprotect_rtp, here.unprotect_rtcp):
        with pytest.raises(BadPacket):
            call(data)


def test_stun_round_trip_and_wrong_password() -> None:
    _, request = wire.binding_request("client", "server", "a" * 24)
    message = wire.read_stun(request)
    assert wire.is_request(message) and wire.username(message) == ("server", "client") and wire.nominates(message)
    assert wire.is_authentic(message, "a" * 24) and not wire.is_authentic(message, "b" * 24)
    answer = wire.read_stun(wire.binding_response(message, ("192.0.2.7", 4000), "a" * 24))
    assert wire.is_response(answer) and answer.attributes["XOR-MAPPED-ADDRESS"] == ("192.0.2.7", 4000)


@given(st.ip_addresses().map(str), st.integers(1, 65535), st.booleans(), st.text("abcXYZ019", min_size=22, max_size=40))
def test_the_short_way_to_answer_checks_agrees_with_the_library(host: str, port: int, nominate: bool, pwd: str) -> None:
    _, request = wire.binding_request("mine", "yours", pwd, nominate=nominate)
    key = pwd.encode()
    assert stun.authentic(request, key) is nominate
    answer = stun.success(request, stun.mapped(ip_address(host).packed, port), key)
    assert answer == wire.binding_response(wire.read_stun(request), (host, port), pwd)


@given(st.binary(max_size=120))
def test_the_short_way_takes_nothing_that_is_not_signed(data: bytes) -> None:
    _, request = wire.binding_request("mine", "yours", "p" * 24)
    assert stun.authentic(data, b"p" * 24) is None
    assert stun.authentic(request, b"q" * 24) is None
    for at in range(0, len(request) - 8, 5):  # what follows the signature is not covered by it
        spoiled = request[:at] + bytes([request[at] ^ 1]) + request[at + 1 :]
        assert stun.authentic(spoiled, b"p" * 24) is None


async def test_what_was_sent_can_be_sent_again_for_a_while_and_no_longer() -> None:
    certificate = wire.SharedCertificate.fresh()
    ends: dict[str, wire.DtlsSession] = {}
    ends["server"] = wire.DtlsSession(certificate, "server", lambda data: ends["client"].feed(data) and None)
    ends["client"] = wire.DtlsSession(certificate, "client", lambda data: ends["server"].feed(data) and None)
    server, client = await asyncio.gather(*(end.handshake(certificate.fingerprints) for end in ends.values()))

    def packet(number: int) -> bytes:
        return bytes([0x80, 96]) + number.to_bytes(2, "big") + bytes(8) + bytes(50)

    for here, there in ((server, client), (client, server)):
        sealed = [here.protect_rtp(packet(number)) for number in range(1000, 1000 + wire.SENT_WINDOW + 1)]
        assert all(there.unprotect_rtp(one) == packet(1000 + at) for at, one in enumerate(sealed))
        assert here.protect_rtp(packet(1002)) == sealed[2], "the same packet, octet by octet"
        with pytest.raises(BadPacket):
            here.protect_rtp(packet(1000 - 1))
    for end in ends.values():
        end.close()
