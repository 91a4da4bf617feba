"""Letters of any length arrive whole over datagrams that get lost, doubled and out of order; nonsense changes nothing."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from media import rtcp
from media.letters import AGAIN, RECEIPT, Inbox, Outbox, packet, packets


def compound(data: bytes) -> bytes:
    return rtcp.receiver_report(7) + data


@given(st.binary(max_size=9000), st.integers(0, 1 << 30), st.floats(0, 0.6))
def test_a_letter_arrives_whole_whatever_gets_lost(text: bytes, seed: int, loss: float) -> None:
    luck, outbox, inbox, now, read = random.Random(seed), Outbox(1), Inbox(), 0.0, []
    outbox.put(text)
    for _ in range(400):
        sent = outbox.due(7, now)
        luck.shuffle(sent)
        for one in [one for one in sent + sent[:1] if luck.random() >= loss]:
            (kind, version, place, pieces, data), = packets(compound(one))
            assert kind == 1
            complete, found = inbox.take(version, place, pieces, data)
            read += [found] if found is not None else []
            if complete and luck.random() >= loss:
                outbox.received(version)
        now += AGAIN[-1]
    assert read == [text]
    assert outbox.due(7, now + 60) == []


def test_a_newer_letter_takes_the_place_of_an_older_one_and_the_same_is_not_sent_again() -> None:
    outbox, inbox = Outbox(2), Inbox()
    outbox.put(random.Random(1).randbytes(5000))
    old = outbox.due(7, 0.0)
    outbox.put(b"new")
    assert len(old) > 2
    for one in old[:2]:
        assert inbox.take(*next(packets(compound(one)))[1:]) == (False, None)
    new, = outbox.due(7, 0.0)
    assert inbox.take(*next(packets(compound(new)))[1:]) == (True, b"new")
    assert [inbox.take(*next(packets(compound(one)))[1:]) for one in old[2:]] == [(False, None)] * len(old[2:])
    outbox.received(1)
    assert outbox.due(7, 9.0), "a receipt for the older one is none"
    outbox.put(b"new")
    outbox.received(2)
    assert outbox.due(7, 99.0) == []


def test_a_receipt_is_an_empty_piece() -> None:
    assert list(packets(compound(packet(5, 1 + RECEIPT, 3)))) == [(1 + RECEIPT, 3, 0, 0, b"")]


@given(st.binary(max_size=200))
def test_nonsense_is_no_letter_and_harms_nobody(data: bytes) -> None:
    inbox = Inbox()
    for _kind, version, place, pieces, text in packets(data):
        inbox.take(version, place, pieces, text)
    assert list(packets(compound(packet(5, 1, 1, 0, 1, b"x")[:-1]))) == []
    assert inbox.take(9, 0, 1, b"no zlib") == (False, None)
    assert inbox.take(9, 3, 2, b"") == (False, None) and inbox.take(9, 0, 0, b"") == (False, None)
