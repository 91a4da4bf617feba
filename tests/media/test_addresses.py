"""Where clients are told to reach us, and that they do: several addresses, both families, UDP and TCP."""

from __future__ import annotations

import pytest
from aioice import Candidate

from media.candidates import candidates
from tests.media.server import Client, StreamClient, flows, publisher, server, subscriber
from tests.media.test_sdp import offer

FOUR, SIX, OUTER = "10.0.0.5", "2001:db8::5", "203.0.113.9"


def test_each_address_is_told_for_udp_and_tcp_in_the_order_of_the_operator() -> None:
    told = [Candidate.from_sdp(value) for value in candidates([SIX, FOUR, OUTER], 3480, 3481)]
    assert [(one.transport, one.host, one.port, one.tcptype) for one in told] == [
        *[("udp", host, 3480, None) for host in (SIX, FOUR, OUTER)], *[("tcp", host, 3481, "passive") for host in (SIX, FOUR, OUTER)]]
    assert [one.priority for one in told] == sorted({one.priority for one in told}, reverse=True), "each its own, the first preferred"
    assert len({one.foundation for one in told}) == len(told)
    assert {(one.component, one.type) for one in told} == {(1, "host")}


def test_priorities_follow_the_formulas() -> None:
    udp, tcp = (int(value.split(" ")[3]) for value in candidates([FOUR], 1, 2))
    assert udp == 2**24 * 126 + 2**8 * 65535 + 255  # RFC 8445 section 5.1.2.1
    assert tcp == 2**24 * 90 + 2**8 * (2**13 * 4 + 8191) + 255  # RFC 6544 section 4.2
    relayed = 2**24 * 2 + 2**8 * 65535 + 255  # what browsers give to paths through TURN
    assert udp > tcp > relayed


def test_without_tcp_none_is_told() -> None:
    assert [value.split(" ")[2] for value in candidates([FOUR, SIX], 1)] == ["udp", "udp"]


async def test_the_answer_names_the_ports_as_they_are() -> None:
    async with server("::1", "127.0.0.1") as running:
        answer = running.sfu.publish("room", "p", "A", offer())
        udp, tcp = running.sfu.port, running.sfu.tcp_port
        assert "c=IN IP6 ::1" in answer and f"m=audio {udp} " in answer
        for line in (f"udp 2130706431 ::1 {udp} typ host", f"127.0.0.1 {udp} typ host", f"::1 {tcp} typ host tcptype passive",
                     f"127.0.0.1 {tcp} typ host tcptype passive"):
            assert answer.count(f"{line}\r\n") == 2, "in both sections"


@pytest.mark.parametrize("kind", [Client, StreamClient])
async def test_a_session_over_ipv6_is_like_any_other(kind: type[Client]) -> None:
    async with server("::1", "127.0.0.1") as running:
        sender = await publisher(running, client=kind(running.sfu.port, "::1"))
        watcher, other = await subscriber(running, client=kind(running.sfu.port, "::1")), await subscriber(running, "t", "C")
        for _ in range(2):
            await watcher.check()  # by the short way; the client library reads the address in the answer
        sender.send(sender.media(1))
        for one in (watcher, other):
            assert (await one.hears(96)).seq >= 0
        assert running.sfu.peers["s"].path.address == watcher.sock.getsockname()[:2]
        assert running.sfu.counters.faults == running.sfu.counters.unchecked_source == 0
        for client in (sender, watcher, other):
            client.close()


async def test_behind_a_nat_the_outer_addresses_are_served_by_sockets_on_all_addresses() -> None:
    async with server(OUTER, "2001:db8::9") as running:
        for host in ("127.0.0.1", "::1"):
            client = Client(running.sfu.port, host)
            await client.take(running.sfu.publish("room", host, host, client.offer("sendonly"))).join()
            stream = StreamClient(running.sfu.tcp_port, host)
            await stream.take(running.sfu.publish("room", f"{host} tcp", f"{host} tcp", stream.offer("sendonly"))).join()
            client.close(), stream.close()
        assert f" {OUTER} {running.sfu.port} typ host" in running.sfu.publish("room", "last", "L", offer())


async def test_media_pass_from_one_family_to_the_other() -> None:
    async with server("::1", "127.0.0.1") as running:
        sender = await publisher(running, client=Client(running.sfu.port, "::1"))
        watcher = await subscriber(running)
        await flows(sender, watcher, 1)
        sender.close(), watcher.close()
