"""Forwarding rules: key frames first, continuous numbers, silence at the entrance, NACK and PLI."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from media import rtcp
from media.limits import MAX_GAP, NACK_BURST, NACK_TRIES, PLI_INTERVAL
from tests.media.rooms import DELTA, KEY, Bench, intake_of


def continuous(packets: list[tuple[int, int, bytes]]) -> bool:
    return all((b[0] - a[0]) & 0xFFFF == 1 for a, b in zip(packets, packets[1:], strict=False))


def test_a_picture_begins_with_a_key_frame_and_sound_at_once() -> None:
    bench = Bench()
    sender, watcher = bench.publisher("A"), bench.subscriber("B")
    assert bench.plis("p-A") == 1, "a subscriber asks for a key frame"
    for seq in range(5):
        bench.send(sender, "v", seq)
        bench.send(sender, "a", seq, b"sound")
    assert bench.payloads("s-B", "v0") == [] and len(bench.payloads("s-B", "a0")) == 5
    bench.send(sender, "v", 5, KEY)
    bench.send(sender, "v", 6)
    assert bench.payloads("s-B", "v0") == [KEY, DELTA]
    assert watcher.packets_out == 7 and sender.packets_in == 12


def test_key_frame_requests_of_many_become_one_per_half_second_and_are_repeated_until_answered() -> None:
    bench = Bench()
    sender = bench.publisher("A")
    for n in range(50):
        bench.subscriber(f"B{n}", now=0.001 * n)
    assert bench.plis("p-A") == 1 and bench.counters.pli_suppressed == 49 and bench.counters.pli_up == 1
    for step in range(1, 30):
        bench.room.tick(step * 0.1)
    assert bench.plis("p-A") == 1 + int(2.9 / PLI_INTERVAL), "lost requests are repeated"
    bench.send(sender, "v", 1, KEY, now=3.0)
    sent = bench.plis("p-A")
    for step in range(31, 60):
        bench.room.tick(step * 0.1)
    assert bench.plis("p-A") == sent, "an answered request is over"


def test_a_receivers_pli_and_fir_reach_the_source_of_its_slot_only() -> None:
    bench = Bench()
    first, second = bench.publisher("A"), bench.publisher("B")
    watcher = bench.subscriber("C", slots=2)
    for member in (first, second):
        bench.send(member, "v", 1, KEY)
    before = bench.plis("p-A"), bench.plis("p-B")
    down = next(d for d in watcher.downs.values() if d.kind == "video" and d.source is second.sources["v"])
    bench.room.on_rtcp(watcher, rtcp.receiver_report(1) + rtcp.fir(1, down.ssrc, 1), 1.0)
    bench.room.on_rtcp(watcher, rtcp.receiver_report(1) + rtcp.pli(1, 424242), 1.0)
    assert (bench.plis("p-A"), bench.plis("p-B")) == (before[0], before[1] + 1)


def test_a_change_of_source_is_continuous_and_waits_for_the_new_key_frame() -> None:
    bench = Bench()
    first, second = bench.publisher("A"), bench.publisher("B")
    bench.subscriber("C", slots=1)
    for seq in range(60000, 60010):
        bench.send(first, "v", seq, KEY if seq == 60000 else DELTA, now=seq / 100)
    bench.room.policy(None, ["B"], voices=["B"])
    bench.room.tick(601.0)
    assert bench.shown("s-C") == {"a0": "B", "v0": "B"}
    bench.send(first, "v", 60010, now=601.1)
    bench.send(second, "v", 7, DELTA, now=601.1)
    bench.send(second, "v", 8, KEY, now=601.2)
    bench.send(second, "v", 9, DELTA, now=601.3)
    packets = bench.got[("s-C", "v0")]
    assert len(packets) == 12 and continuous(packets)
    assert all(0 < (b[1] - a[1]) & 0xFFFFFFFF < 2**31 for a, b in zip(packets, packets[1:], strict=False))


def test_a_silenced_stream_stops_at_the_entrance_and_comes_back_without_a_gap() -> None:
    bench = Bench()
    sender, other = bench.publisher("A"), bench.publisher("B")
    bench.subscriber("C", slots=2)
    for seq in range(10):
        bench.send(sender, "a", seq, b"A")
    bench.room.policy(["B"], [])
    for seq in range(10, 30):
        bench.send(sender, "a", seq, b"A-silenced")
        bench.send(other, "a", seq, b"B")
    assert bench.payloads("s-C", "a0") == [b"A"] * 10 and bench.payloads("s-C", "a1") == [b"B"] * 20
    assert bench.counters.gated == 20 and sender.gated == 20
    bench.room.policy(None, [])
    for seq in range(30, 35):
        bench.send(sender, "a", seq, b"A")
    packets = bench.got[("s-C", "a0")]
    assert len(packets) == 15 and continuous(packets)
    assert packets[10][1] - packets[9][1] == 21 * 960, "its own clock went on while it was silent"


def test_gaps_of_a_silenced_stream_keep_no_timer_busy() -> None:
    bench = Bench()
    sender = bench.publisher("A")
    bench.subscriber("C")
    bench.send(sender, "a", 1, b"A")
    bench.send(sender, "a", 5, b"A")
    assert bench.room.relay.urgent
    bench.room.policy([], [])
    assert not bench.room.relay.urgent
    bench.send(sender, "a", 9, b"A")
    assert not bench.room.relay.urgent
    bench.room.policy(None, [])
    bench.send(sender, "a", 10, b"A")
    assert not bench.room.relay.urgent, "and what was lost meanwhile is not asked for afterwards"


def test_a_publisher_that_joins_while_others_have_the_floor_is_silent() -> None:
    bench = Bench()
    bench.room.policy([], [])
    bench.subscriber("C")
    sender = bench.publisher("A")
    bench.room.tick(0.1)
    bench.send(sender, "a", 1, b"A")
    assert bench.payloads("s-C", "a0") == [] and bench.counters.gated == 1


def test_a_lost_packet_is_sent_again_with_its_first_number_even_after_a_switch() -> None:
    bench = Bench()
    first, second = bench.publisher("A"), bench.publisher("B")
    watcher = bench.subscriber("C")
    for seq in range(100, 110):
        bench.send(first, "v", seq, KEY if seq == 100 else b"\x10\x01A%d" % seq)
    bench.room.policy(None, ["B"], voices=["B"])
    bench.room.tick(0.1)
    for seq in range(500, 505):
        bench.send(second, "v", seq, KEY if seq == 500 else b"\x10\x01B%d" % seq, now=0.2)
    sent = list(bench.got[("s-C", "v0")])
    down = next(d for d in watcher.downs.values() if d.kind == "video")
    wanted = [sent[3], sent[8], sent[12]]
    bench.room.on_rtcp(watcher, rtcp.nack(1, down.ssrc, [seq for seq, _, _ in wanted]), 0.3)
    assert bench.got[("s-C", "v0")][len(sent):] == wanted
    assert bench.counters.rtx == 3 and bench.counters.nack_rx == 3


def test_a_nack_for_what_never_was_or_for_too_much_is_bounded() -> None:
    bench = Bench()
    sender, watcher = bench.publisher("A"), bench.subscriber("C")
    for seq in range(200):
        bench.send(sender, "v", seq, KEY if seq == 0 else DELTA)
    down = next(d for d in watcher.downs.values() if d.kind == "video")
    newest = bench.got[("s-C", "v0")][-1][0]
    bench.room.on_rtcp(watcher, rtcp.nack(1, down.ssrc, [(newest + 5) & 0xFFFF, (newest - 5000) & 0xFFFF]), 0.0)
    assert bench.counters.rtx == 0
    bench.room.on_rtcp(watcher, rtcp.nack(1, down.ssrc, [(newest - n) & 0xFFFF for n in range(150)]), 0.0)
    assert bench.counters.rtx == NACK_BURST
    for _ in range(100):
        bench.room.on_rtcp(watcher, rtcp.nack(1, down.ssrc, [(newest - n) & 0xFFFF for n in range(64)]), 0.0)
    assert bench.counters.rtx <= 1000 + NACK_BURST, "one receiver has a budget"


def test_an_uplink_gap_is_asked_for_and_the_late_packet_forwarded_in_its_place() -> None:
    bench = Bench()
    sender = bench.publisher("A")
    bench.subscriber("C")
    bench.send(sender, "v", 65533, KEY, now=0.0)
    bench.send(sender, "v", 65534, now=0.0)
    bench.send(sender, "v", 1, now=0.0)
    assert bench.room.relay.urgent
    bench.room.tick(0.01)
    assert not [m for _, m in bench.control if isinstance(m, rtcp.Nack)], "reordering may still settle"
    bench.room.tick(0.03)
    asked = [m for who, m in bench.control if isinstance(m, rtcp.Nack) and who == "p-A"]
    assert [set(m.seqs) for m in asked] == [{65535, 0}] and bench.counters.nack_tx == 2
    bench.send(sender, "v", 65535, b"\x10\x01late", now=0.05)
    seqs = {payload: seq for seq, _, payload in bench.got[("s-C", "v0")]}
    assert seqs[b"\x10\x01late"] == (seqs[KEY] + 2) & 0xFFFF
    for step in range(200):
        bench.room.tick(0.06 + step * 0.02)
    asked = [m for who, m in bench.control if isinstance(m, rtcp.Nack)]
    assert sum(0 in m.seqs for m in asked) <= NACK_TRIES and not bench.room.relay.urgent, "gives up in the end"


def test_a_long_outage_or_a_new_ssrc_restarts_with_a_key_frame_and_without_a_gap() -> None:
    bench = Bench()
    sender = bench.publisher("A")
    bench.subscriber("C")
    for seq in range(5):
        bench.send(sender, "v", seq, KEY if seq == 0 else DELTA, now=seq / 30)
    bench.send(sender, "v", MAX_GAP + 100, DELTA, now=5.0)
    bench.send(sender, "v", MAX_GAP + 101, KEY, now=5.1)
    intake_of(sender, "v").bind(999)
    bench.send(sender, "v", 40000, DELTA, now=6.0, ts=5)
    bench.send(sender, "v", 40001, KEY, now=6.1, ts=3005)
    bench.send(sender, "v", 40002, DELTA, now=6.2, ts=6005)
    packets = bench.got[("s-C", "v0")]
    assert [p[2] for p in packets] == [KEY] + [DELTA] * 4 + [KEY, KEY, DELTA] and continuous(packets)
    assert all(0 < (b[1] - a[1]) & 0xFFFFFFFF < 2**31 for a, b in zip(packets, packets[1:], strict=False))


def test_reports_tell_the_publisher_its_loss_and_a_bitrate() -> None:
    bench = Bench()
    sender = bench.publisher("A")
    for seq in [*range(0, 50), *range(60, 101)]:
        bench.send(sender, "v", seq, now=seq / 100)
    for step in range(30):
        bench.room.tick(1.0 + step / 10)
    reports = [m for who, m in bench.control if isinstance(m, rtcp.ReceiverReport) and m.blocks]
    block = reports[0].blocks[0]
    assert block.ssrc == intake_of(sender, "v").ssrc and block.lost == 10 and block.highest & 0xFFFF == 100
    assert 20 <= block.fraction <= 30 and any(isinstance(m, rtcp.Remb) for _, m in bench.control)


def test_sender_reports_keep_sound_and_picture_in_step() -> None:
    bench = Bench()
    sender, watcher = bench.publisher("A"), bench.subscriber("C")
    ntp = 3_900_000_000 << 32
    bench.send(sender, "a", 1, b"s", now=10.0, ts=480_000)
    bench.send(sender, "v", 1, KEY, now=10.0, ts=900_000)
    for mid, ts in (("a", 480_000), ("v", 900_000)):  # both were taken at the same moment
        bench.room.on_rtcp(sender, rtcp.sender_report(rtcp.SenderReport(intake_of(sender, mid).ssrc or 0, ntp, ts, 1, 1)), 10.02)
    bench.room.tick(12.0)
    reports = {m.ssrc: m for who, m in bench.control if isinstance(m, rtcp.SenderReport) and who == "s-C"}
    moments = []
    for down, clock in zip(watcher.downs.values(), (48000, 90000), strict=True):
        report, (_, out_ts, _) = reports[down.ssrc], bench.got[("s-C", down.mid)][0]
        elapsed = ((report.rtp_time - out_ts) & 0xFFFFFFFF) / clock
        moments.append(report.ntp / 2**32 - elapsed)
    assert abs(moments[0] - moments[1]) < 0.001, "the same moment in both streams has the same wall clock"


packets = st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("av"), st.integers(-3, 4), st.booleans()), max_size=120)
switches = st.lists(st.tuples(st.integers(0, 119), st.sampled_from(["stage A", "stage B", "hush A", "hush B", "all"])), max_size=8)


@settings(max_examples=60)
@given(packets, switches)
def test_no_receiver_sees_two_packets_with_one_number_whatever_happens(
    found: list[tuple[str, str, int, bool]], changes: list[tuple[int, str]]
) -> None:
    bench = Bench()
    members = {name: bench.publisher(name) for name in "AB"}
    bench.subscriber("C", slots=1)
    seqs: dict[tuple[str, str], int] = {}
    heard, stage, used = None, [], set()
    for step, (name, mid, move, key) in enumerate(found):
        for _, what in [change for change in changes if change[0] == step]:
            word, _, who = what.partition(" ")
            stage = [who] if word == "stage" else stage
            heard = {"hush": ["B"] if who == "A" else ["A"], "all": None}.get(word, heard)
            bench.room.policy(heard, stage)
        bench.room.tick(step * 0.02)
        seq = seqs.get((name, mid), 65500) + move
        if (name, mid, seq) in used:
            continue  # a replay; SRTP refuses it before the relay
        used.add((name, mid, seq))
        seqs[(name, mid)] = max(seq, seqs.get((name, mid), 65500))
        silenced = heard is not None and name not in heard and mid == "a"
        before = sum(map(len, bench.got.values()))
        bench.send(members[name], mid, seq & 0xFFFF, KEY if key else DELTA, now=step * 0.02, ts=seq * 960 & 0xFFFFFFFF)
        assert not silenced or sum(map(len, bench.got.values())) == before
    for sent in bench.got.values():
        numbers = [seq for seq, _, _ in sent]
        assert len(numbers) == len(set(numbers)), "a number twice means two different packets under one SRTP index"
        assert max((max(numbers) - min(numbers)) & 0xFFFF, 0) < 4 * len(found) + 8


def test_a_picture_that_lost_a_packet_for_good_gets_a_key_frame_before_any_receiver_asks() -> None:
    bench = Bench()
    sender = bench.publisher("A")
    bench.subscriber("C")
    bench.send(sender, "v", 1, KEY, now=0.0)
    asked = bench.plis("p-A")
    bench.send(sender, "v", 3, now=1.0)
    for step in range(16):
        bench.room.tick(1.0 + step * 0.02)
    assert bench.plis("p-A") == asked + 1
