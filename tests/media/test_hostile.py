"""What one hostile member may cost the others, limit by limit; and a server that stood still blames nobody for it."""

from __future__ import annotations

import asyncio
import logging
import struct
from typing import Any

import pytest

from media import demux, rtcp, rtp, stun, wire
from media.bwe import CEILING, Line
from media.bwe_delay import MOST_GROUPS, MOST_MESSAGES
from media.errors import BadPacket
from media.guard import Allowance
from media.limits import (
    FREEZE_AFTER, MAX_REPORTERS, PEER_HELLOS, PEER_OCTETS, PEER_PACKETS, PEER_REPORT_OCTETS, PEER_REPORTS, PEER_SILENCE,
    SOURCE_PICTURES, SOURCE_SOUNDS, STALL,
)
from media.twcc import Feedback
from tests.fuzz.hall import Hall
from tests.media.rooms import KEY, Bench
from tests.media.server import Client, flows, publisher, server, subscriber, until


@pytest.mark.parametrize("kind, octets, most", [
    (demux.RTP, 100, PEER_PACKETS), (demux.RTP, 1200, PEER_OCTETS // 1200), (demux.RTCP, 30, PEER_REPORTS),
    (demux.RTCP, 1400, PEER_REPORT_OCTETS // 1400), (demux.DTLS, 200, PEER_HELLOS),
])
def test_a_member_may_send_so_much_a_second_of_each_kind(kind: int, octets: int, most: int) -> None:
    allowance = Allowance(0.0)
    assert sum(not allowance.exceeded(kind, octets, 0.5) for _ in range(5000)) == most
    assert not allowance.exceeded(demux.RTP if kind != demux.RTP else demux.RTCP, 100, 0.5), "one kind does not take another's"
    assert not allowance.exceeded(kind, octets, 1.0)


@pytest.mark.parametrize("mid, most", [("a", SOURCE_SOUNDS), ("v", SOURCE_PICTURES)])
def test_of_one_sound_or_picture_so_many_packets_a_second_are_relayed(mid: str, most: int) -> None:
    bench = Bench()
    sender = bench.publisher("A")
    bench.subscriber("B")
    for seq in range(9 * most):  # three times as much as may be, for three seconds
        bench.send(sender, mid, seq, KEY, now=seq / (3 * most))
    relayed = len(bench.payloads("s-B", f"{mid}0"))
    assert 3 * most <= relayed <= 5 * most and relayed + bench.counters.flood == 9 * most == relayed + sender.flood
    for seq in range(20_000, 20_000 + 4 * most):  # and all of it when it sends no more than it may
        bench.send(sender, mid, seq, KEY, now=10 + (seq - 20_000) / most)
    assert len(bench.payloads("s-B", f"{mid}0")) == relayed + 4 * most


async def test_reports_under_ever_new_numbers_are_cut_off_and_cost_the_library_nothing() -> None:
    async with server() as running:
        hostile, sender, watcher = await subscriber(running, "h", "H"), await publisher(running), await subscriber(running)
        assert hostile.srtp is not None
        for number in range(MAX_REPORTERS + 40):
            hostile.send(hostile.srtp.protect_rtcp(rtcp.receiver_report(9000 + number)))
            if number % 20 == 0:
                await asyncio.sleep(0)
        await until(lambda: running.sfu.counters.ssrc_cap == 40)
        hostile.send(hostile.srtp.protect_rtcp(rtcp.receiver_report(9000) + rtcp.pli(9000, 1)))
        await flows(sender, watcher, 1)
        assert running.sfu.counters.ssrc_cap == 40 and running.news("down") == [], "who was there may go on"
        for client in (hostile, sender, watcher):
            client.close()


async def test_what_a_member_sends_too_much_of_is_told_with_its_name() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        assert sender.srtp is not None
        second = running.now()
        running.sfu.mux._clock = lambda: second
        for number in range(PEER_OCTETS // 1300 + 100):
            sender.send(sender.media(number, bytes(1200), mid=b"1"))
            if number % 50 == 0:
                await asyncio.sleep(0)
        await until(lambda: running.sfu.counters.flood > 0)
        told = {s["session"]: s["flood"] for s in running.sfu.stats("room")["rooms"]["room"]["sessions"]}
        assert told["p"] == running.sfu.counters.flood and told["s"] == 0
        sender.close(), watcher.close()


async def test_a_storm_of_hellos_after_the_handshake_is_counted_and_forgiven() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        second = running.now()
        running.sfu.mux._clock = lambda: second
        for number in range(3 * PEER_HELLOS):
            sender.send(b"\x16\xfe\xfd" + number.to_bytes(8, "big") + bytes(30))
            if number % 10 == 0:
                await asyncio.sleep(0)
        await until(lambda: running.sfu.counters.flood > PEER_HELLOS)
        await flows(sender, watcher, 1)
        assert running.news("down") == [] and running.sfu.counters.faults == 0
        sender.close(), watcher.close()


def test_whom_a_check_names_is_read_as_the_library_reads_it() -> None:
    request = wire.binding_request("left", "right", "p" * 24)[1]
    assert stun.named(request) == wire.username(wire.read_stun(request))[0] == "right"
    answer = stun.success(request, stun.mapped(b"\x7f\0\0\1", 9), b"p" * 24)
    for datagram in (b"", request[:-1], answer, b"\x00\x02" + request[2:], request[:2] + b"\x00\x00" + request[4:20]):
        assert stun.named(datagram) == ""
    assert stun.named(struct.pack("!HHI12sHH", 1, 4, 0x2112A442, bytes(12), 6, 500)) == "", "it promises more than there is"


async def test_a_server_that_stood_still_throws_nobody_out() -> None:
    async with server() as running:
        sender, watcher = await publisher(running), await subscriber(running)
        await flows(sender, watcher, 1)
        stood = 3 * PEER_SILENCE
        running.ahead += stood
        running.sfu._timer_due -= stood
        running.sfu._on_timer()
        running.sfu._on_timer()
        await flows(sender, watcher, 2)
        assert running.news("down") == running.news("frozen") == []
        running.ahead += PEER_SILENCE + STALL
        running.sfu._on_timer()
        running.sfu._on_timer()
        assert len(running.news("down")) == 2, "silence is silence all the same"
        sender.close(), watcher.close()


async def test_time_goes_on_whatever_happens_to_one_session(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    async with server() as running:
        sender = await publisher(running)
        monkeypatch.setattr(running.sfu.mux, "expire", lambda now: 1 / 0)
        running.ahead += FREEZE_AFTER
        with caplog.at_level(logging.CRITICAL):
            await until(lambda: running.sfu.counters.faults > 0)
        monkeypatch.undo()
        times, faults = len(running.sfu._lags), running.sfu.counters.faults
        await until(lambda: len(running.sfu._lags) > times + 1)
        assert running.sfu.counters.faults == faults
        sender.close()


async def test_a_room_that_cannot_be_served_does_not_hold_up_another(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server() as running:
        clients: list[Client] = []
        for room in ("one", "two"):
            clients += [await publisher(running, f"p-{room}", "A", room), await subscriber(running, f"s-{room}", "B", room)]
        await flows(clients[0], clients[1], 1)
        monkeypatch.setattr(running.sfu.rooms["one"].relay, "_emit", lambda output: 1 / 0)
        clients[0].send(clients[0].media(2, b"\x10\x01x"))
        await until(lambda: running.sfu.counters.faults > 0)
        monkeypatch.undo()
        await flows(clients[0], clients[1], 3)
        send_run = running.sfu.fanout._send_run
        unlucky = running.sfu.rooms["one"].members["s-one"].target
        monkeypatch.setattr(running.sfu.fanout, "_send_run", lambda run, chunk: send_run(run, chunk if unlucky not in chunk.targets else None))
        running.sfu.counters.faults = 0
        clients[0].send(clients[0].media(4, b"\x10\x01x"))
        await until(lambda: running.sfu.counters.faults > 0)
        await flows(clients[2], clients[3], 1)
        assert running.news("down") == []
        monkeypatch.undo()
        for client in clients:
            client.close()


def test_a_receiver_that_tells_the_same_arrivals_again_and_again_costs_neither_memory_nor_time() -> None:
    line = Line(0.0)
    told = Feedback([(number, 5.0 + number / 1000) for number in range(200)])
    line.sent(100_000, 0.5)
    for _ in range(2000):
        line.on_feedback(told, lambda number: (0.2 + number * 0.006, 1000), 0.6)
    assert len(line.delay._samples) <= MOST_GROUPS and len(line.delay._arrived) <= MOST_MESSAGES
    assert line.estimate <= CEILING


def test_transport_feedback_is_read_only_where_it_is_asked_for_and_so_often_in_one_datagram() -> None:
    feedback = b"\x8f\xcd\x00\x05" + struct.pack("!II", 1, 2) + b"\x00\x01\x08\x00\x00\x00\x01\x00\x08\x00\x00\x00"
    most = rtcp.receiver_report(1) + feedback * rtcp.MAX_FEEDBACKS
    assert len(rtcp.parse(most, transport=True)) == 1 + rtcp.MAX_FEEDBACKS
    assert len(rtcp.parse(most + feedback * 9)) == 1
    with pytest.raises(BadPacket):
        rtcp.parse(most + feedback, transport=True)


def test_one_datagram_asks_for_no_more_than_so_many_packets() -> None:
    asks = rtcp.nack(1, 2, range(rtcp.MAX_SEQS // 2))
    assert sum(len(m.seqs) for m in rtcp.parse(asks * 2) if isinstance(m, rtcp.Nack)) == rtcp.MAX_SEQS
    with pytest.raises(BadPacket):
        rtcp.parse(asks * 3)


@pytest.mark.parametrize("size", [1, 7, 8, 16, 17, 255])
async def test_a_strange_time_of_capture_goes_on_to_nobody(size: int) -> None:
    hall = Hall()
    sender, watcher = hall.join("one", "A", "publish", 0), hall.join("one", "B", "subscribe", 6)
    for seq in (1, 2, 3):
        hall.send_rtp(sender, rtp.build(96, seq, 0, 7, b"\x10\x00/one/", extensions={4: b"1"}))
    hall.tick(0.1)
    said = bytes([4, 1]) + b"1" + bytes([7, size]) + bytes(range(1, 256))[:size]
    said += bytes(-len(said) % 4)
    for seq in (4, 5):
        head = rtp.build(96, seq, 0, 7, b"")[1:]
        hall.send_rtp(sender, b"\x90" + head + b"\x10\x00" + (len(said) // 4).to_bytes(2, "big") + said + b"\x10\x00/one/")
    hall.check()
    assert watcher.read >= 2
    await hall.empty()
    hall.sfu.shut()
